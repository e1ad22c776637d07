import { parseDuration } from '../../api/index.ts';
import { type Pass, unitsInFlight } from '../pass.ts';
import { isLive, isTerminal, type Unit } from '../state.ts';

const DEFAULT_PENDING_TIMEOUT = '15m';

/** Timeouts of tasks, of pods that cannot start, and of the run. Nothing that has ended is judged here. */
export function deadlines(pass: Pass): void {
  if (pass.state.stop) return;
  for (const { path, task, unit } of unitsInFlight(pass.state)) {
    if (!pass.room()) return;
    if (unit.phase === 'Live') pending(pass, path, task, unit);
    taskTimeout(pass, path, task, unit);
  }
  runTimeout(pass);
}

function taskTimeout(pass: Pass, path: string, task: string, unit: Unit): void {
  const timeout = pass.timeoutOf(task);
  if (timeout === undefined || unit.startedAt === undefined) return;
  if (unit.phase !== 'Live' && unit.phase !== 'Backoff') return;
  const deadline = unit.startedAt + timeout;
  if (pass.t < deadline) return pass.wake(deadline);
  const message = `the task did not end within its timeout of ${timeout / 1000} s`;
  if (isLive(unit)) return pass.emit({ type: 'Stopping', path, reason: 'TimedOut', message });
  pass.emit({ type: 'Failed', path, failure: { reason: 'TimedOut', message } });
}

function pending(pass: Pass, path: string, task: string, unit: Unit): void {
  const seen = pass.observation(path, unit.attempt);
  if (seen?.phase !== 'Pending') return;
  const { task: spec } = pass.plan.tasks.get(task) ?? {};
  const text = spec?.pendingTimeout ?? pass.plan.definition.defaults?.pendingTimeout ?? DEFAULT_PENDING_TIMEOUT;
  const deadline = (unit.since ?? 0) + parseDuration(text);
  if (pass.t < deadline) return pass.wake(deadline);
  const why = seen.reason ? `${seen.reason}: ${seen.message ?? ''}` : 'the node did not start it';
  pass.emit({
    type: 'Stopping',
    path,
    reason: 'PendingTimeout',
    message: `the pod did not start within ${text}; ${why}`.slice(0, 512),
  });
}

function runTimeout(pass: Pass): void {
  const { timeout } = pass.plan.definition;
  const { firstTaskAt, pausedFor, pausedSince } = pass.state;
  if (timeout === undefined || firstTaskAt === undefined || pausedSince !== undefined) return;
  const deadline = firstTaskAt + parseDuration(timeout) + pausedFor;
  if (pass.t < deadline) return pass.wake(deadline);
  if (!hasWork(pass)) return;
  pass.emit({
    type: 'RunStopping',
    reason: 'TimedOut',
    message: `the run did not end within its timeout of ${timeout}`,
  });
}

/** Whether anything is left to do: a run whose last task ended in time has not timed out, however late it is looked at. */
function hasWork({ plan, state }: Pass): boolean {
  return plan.order.some((name) => {
    const { unit, fan } = state.tasks.get(name) ?? {};
    if (fan) return fan.next < fan.count || fan.live.size > 0;
    return !unit || !isTerminal(unit);
  });
}
