import { parseDuration } from '../../api/index.ts';
import { expiryOf } from '../asking.ts';
import type { Pass } from '../pass.ts';
import { isComposite, isTerminal, MAX_MESSAGE_LENGTH, newUnit } from '../state.ts';
import type { Place } from '../walk.ts';

const DEFAULT_PENDING_TIMEOUT = '15m';

/** Timeouts of tasks, of attempts, of pods that cannot start, and of the run. Nothing that has ended is judged here. */
export function deadlines(pass: Pass): void {
  if (pass.state.stop) return;
  for (const place of pass.places()) {
    if (!pass.room()) return;
    if (place.cause) continue;
    if (place.unit.phase === 'Live' && place.planned.sort === 'Signal') wakeAtExpiry(pass, place);
    if (place.unit.phase === 'Live') pending(pass, place);
    if (place.unit.phase === 'Live' && place.planned.sort !== 'Signal') attemptTimeout(pass, place);
    taskTimeout(pass, place);
  }
  runTimeout(pass);
}

/**
 * The timeout of a task, its attempts, waits and iterations included. That of `defaults` is for what has attempts: it does
 * not end a sleep, a loop, a template or a wait for people, which have no usual length.
 */
function taskTimeout(pass: Pass, { path, planned, frame, unit, loop }: Place): void {
  const { task, sort } = planned;
  const isUsual = sort !== undefined && sort !== 'Signal' && !task.loop;
  const usual = isUsual ? frame.plan.defaults?.timeout : undefined;
  const text = loop ? undefined : (task.timeout ?? usual);
  if (text === undefined || unit.startedAt === undefined) return;
  if (unit.phase !== 'Live' && unit.phase !== 'Backoff' && unit.phase !== 'Open') return;
  const timeout = parseDuration(text);
  const deadline = unit.startedAt + timeout;
  if (pass.t < deadline) return pass.wake(deadline);
  const message = `the task did not end within its timeout of ${timeout / 1000} s`;
  if ((unit.phase === 'Live' && sort !== 'Signal') || isComposite(unit))
    return pass.emit({ type: 'Stopping', path, reason: 'TimedOut', message });
  pass.emit({ type: 'Failed', path, failure: { reason: 'TimedOut', message } });
}

/** An attempt that takes too long is stopped; what follows is decided when it has ended. */
function attemptTimeout(pass: Pass, { path, planned, frame, unit }: Place): void {
  const text = planned.task.attemptTimeout ?? frame.plan.defaults?.attemptTimeout;
  if (text === undefined) return;
  const deadline = (unit.since ?? 0) + parseDuration(text);
  if (pass.t < deadline) return pass.wake(deadline);
  const message = `the attempt did not end within its timeout of ${parseDuration(text) / 1000} s`;
  pass.emit({ type: 'Stopping', path, reason: 'AttemptTimedOut', message });
}

/** What an expiry leads to is decided with the answers; here it is only not forgotten, also for who has just been asked. */
function wakeAtExpiry(pass: Pass, { planned, unit }: Place): void {
  const expiry = expiryOf(planned.task, unit);
  if (expiry) pass.wake(expiry.at);
}

function pending(pass: Pass, { path, planned, frame, unit }: Place): void {
  const seen = pass.observation(path, unit.attempt);
  if (seen?.phase !== 'Pending') return;
  const text = planned.task.pendingTimeout ?? frame.plan.defaults?.pendingTimeout ?? DEFAULT_PENDING_TIMEOUT;
  const deadline = (unit.since ?? 0) + parseDuration(text);
  if (pass.t < deadline) return pass.wake(deadline);
  const why = seen.reason ? `${seen.reason}: ${seen.message ?? ''}` : 'the node did not start it';
  pass.emit({
    type: 'Stopping',
    path,
    reason: 'PendingTimeout',
    message: `the pod did not start within ${text}; ${why}`.slice(0, MAX_MESSAGE_LENGTH),
  });
}

function runTimeout(pass: Pass): void {
  const { timeout } = pass.plan.definition;
  const { firstTaskAt, pausedFor, pausedSince, result } = pass.state;
  if (timeout === undefined || firstTaskAt === undefined || pausedSince !== undefined || result) return;
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
    if (plan.tasks.get(name)?.role !== 'Main') return false;
    const { unit, fan } = state.tasks.get(name) ?? {};
    if (fan) return !isTerminal(unit ?? newUnit()) && (fan.next < fan.count || fan.live.size > 0);
    return !unit || !isTerminal(unit);
  });
}
