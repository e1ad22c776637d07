import { parseDuration, REASONS, type Reason } from '../../api/index.ts';
import { pendingBound, timeoutOf } from '../advance/bounds.ts';
import type { Pass } from '../advance/pass.ts';
import { expiryOf } from '../signals/asking.ts';
import { isComposite, isTerminal, MAX_MESSAGE_LENGTH, newUnit, type Unit } from '../state/state.ts';
import type { Place } from '../state/walk.ts';

/** Timeouts of tasks, of attempts, of pods that cannot start, and of the run. Nothing that has ended is judged here. */
export function deadlines(pass: Pass): void {
  if (pass.state.stop) return;
  for (const place of pass.places()) {
    if (!pass.room()) return;
    if (place.cause) continue;
    if (place.unit.phase === 'Live' && place.planned.backend === 'Signal') wakeAtExpiry(pass, place);
    if (place.unit.phase === 'Live') pending(pass, place);
    if (place.unit.phase === 'Live' && place.planned.backend !== 'Signal') attemptTimeout(pass, place);
    taskTimeout(pass, place);
  }
  runTimeout(pass);
}

/** The timeout of a task, from the first start that was asked for: its attempts and waits are included. */
function taskTimeout(pass: Pass, place: Place): void {
  const { path, planned, unit } = place;
  const timeout = timeoutOf(place);
  const since = unit.startedAt ?? unit.held?.first;
  if (timeout === undefined || since === undefined || !isUnderWay(pass, unit)) return;
  const deadline = since + timeout;
  if (pass.t < deadline) return pass.wake(deadline);
  const message = `the task did not end within its timeout of ${timeout / 1000} s${unit.held ? `; it ${whyHeld(unit)}` : ''}`;
  if ((unit.phase === 'Live' && planned.backend !== 'Signal') || isComposite(unit))
    return pass.emit({ type: 'Stopping', path, reason: 'TimedOut', message });
  pass.emit({ type: 'Failed', path, failure: { reason: 'TimedOut', message } });
}

/** Whether time counts for a unit. One that could not start yet has no time in a pause, which ends that wait later. */
function isUnderWay({ state }: Pass, { phase, held }: Unit): boolean {
  if (phase === 'Waiting') return held !== undefined && state.pausedSince === undefined;
  return phase === 'Live' || phase === 'Backoff' || phase === 'Open';
}

/** What kept an attempt from starting, in the words of the table of reasons: the answer itself is not in the state. */
function whyHeld({ held, attempt }: Unit): string {
  if (!held) return '';
  const what = attempt < 0 ? 'could not start' : 'could not start its next attempt';
  return `${what}: ${held.reason}: ${REASONS[held.reason as Reason] ?? 'the start was refused'}`;
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

/** An attempt that was started and waits, as a pod without a node does. */
function pending(pass: Pass, place: Place): void {
  const { path, unit } = place;
  const seen = pass.observation(path, unit.attempt);
  if (seen?.phase !== 'Pending') return;
  const { reason = 'Starting', message = 'its node did not start it' } = seen;
  const bound = pendingBound(place, reason);
  if (!bound) return;
  const deadline = (unit.since ?? 0) + bound.ms;
  if (pass.t < deadline) return pass.wake(deadline);
  const why = `the attempt did not start within its ${bound.field}; ${reason}: ${message}`;
  pass.emit({ type: 'Stopping', path, reason: 'PendingTimeout', message: why.slice(0, MAX_MESSAGE_LENGTH) });
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
    message: `the run did not end within its timeout of ${timeout}${whoIsHeld(pass)}`.slice(0, MAX_MESSAGE_LENGTH),
  });
}

/** The first of those that could not start. */
function whoIsHeld(pass: Pass): string {
  for (const { unit, path } of pass.places()) if (unit.held) return `; task ${path} ${whyHeld(unit)}`;
  return '';
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
