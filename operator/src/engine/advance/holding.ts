import type { AttemptObservation, Failure } from '../../api/index.ts';
import { whenGiven } from '../bindings/placed-data.ts';
import { type Held, MAX_MESSAGE_LENGTH } from '../state/state.ts';
import type { Place } from '../state/walk.ts';
import { isMeant, pendingBound, timeoutOf, writtenPendingTimeout } from './bounds.ts';
import { findUnit, type Pass } from './pass.ts';
import { userRetry } from './retrying.ts';

type Refusal = Extract<AttemptObservation, { phase: 'Refused' }>;

/**
 * A start that is refused for now. Since when is recorded, if any bound needs it; and when `pendingTimeout` is over, the
 * attempt has failed. That is judged here and nowhere else: a start is asked for once more before it is given up.
 * @returns whether the unit waits on
 */
export function hold(pass: Pass, place: Place, { reason, message }: Refusal): boolean {
  const { path } = place;
  const before = findUnit(pass.state, path)?.held;
  if (before ? countsAnew(place, before, reason) : isBounded(pass, place, reason)) {
    pass.emit({ type: 'Held', path, reason });
  }
  const held = findUnit(pass.state, path)?.held;
  const bound = held && pendingBound(place, reason);
  if (!bound) return true;
  const deadline = held.since + bound.ms;
  if (pass.t < deadline) {
    pass.wake(deadline);
    return true;
  }
  const why = `the attempt did not start within its ${bound.field}; ${reason}: ${message}`;
  const failure = { reason: 'PendingTimeout', message: why.slice(0, MAX_MESSAGE_LENGTH) };
  return !whenGiven(() => giveUp(pass, place, failure));
}

/** Whether anything may end the wait, or is to begin with it. Otherwise it is worth no event. */
function isBounded({ plan, state }: Pass, place: Place, reason: string): boolean {
  if (pendingBound(place, reason)) return true;
  const isFirst = state.firstTaskAt === undefined && plan.definition.timeout !== undefined;
  return isFirst || timeoutOf(place) !== undefined;
}

/** The default begins when the wait turns from one that is meant into one that is not. */
function countsAnew(place: Place, { reason: before }: Held, reason: string): boolean {
  return isMeant(before) !== isMeant(reason) && writtenPendingTimeout(place) === undefined;
}

/** An attempt that could not start has failed like any other: `retry` says what follows. */
function giveUp(pass: Pass, place: Place, failure: Failure): void {
  const { path } = place;
  const next = userRetry(pass, place, failure, place.unit.attempt + 1);
  if ('reason' in next) return pass.emit({ type: 'Failed', path, failure: next });
  const wake = pass.t + next.delay;
  pass.emit({ type: 'Retrying', path, cause: 'User', wake, failure });
  // The rule of retries has had its turn.
  if (next.delay > 0) pass.wake(wake);
  else pass.cut = true;
}
