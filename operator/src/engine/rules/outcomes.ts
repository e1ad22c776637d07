import {
  type AttemptObservation,
  appended,
  type EndedWhen,
  endedWhen,
  type Failure,
  type Ran,
  type RetryCause,
  WHY_NO_SUCCESS,
  withHint,
} from '../../api/index.ts';
import type { Pass } from '../advance/pass.ts';
import { infrastructureRetry, retryOf, userRetry } from '../advance/retrying.ts';
import { succeed } from '../advance/success.ts';
import { whenGiven } from '../bindings/placed-data.ts';
import { isLive, MAX_MESSAGE_LENGTH } from '../state/state.ts';
import { orderedAt, type Place } from '../state/walk.ts';
import { missingFailure, type ParsedOutputs, parseOutputs } from '../values/outputs.ts';

type Ended = Extract<AttemptObservation, { phase: 'Succeeded' | 'Failed' }>;

/** What ended is recorded before anything else is decided, so that what ended in time is never judged late. */
export function outcomes(pass: Pass): void {
  for (const judged of pass.places()) {
    // Who is asked answers, and nothing else ends it: see the rule of signals.
    if (!isLive(judged.unit) || judged.planned.backend === 'Signal') continue;
    const seen = pass.observation(judged.path, judged.unit.attempt);
    if (seen && pass.room()) whenGiven(() => judge(pass, judged, seen));
  }
}

function judge(pass: Pass, judged: Place, seen: AttemptObservation): void {
  if (seen.phase === 'Succeeded') succeeded(pass, judged, seen);
  if (seen.phase === 'Failed') {
    const { reason, message, exitCode, cause, node } = seen;
    const failure = { reason, message, ...(exitCode === undefined ? {} : { exitCode }) };
    // The pod was told to stop, and we may be the ones who told it.
    const isStopped = exitCode === 0 && orderedAt(judged) !== undefined;
    const success = isStopped ? whenOf(pass, judged, seen) : undefined;
    failed(pass, judged, { failure, cause, ran: ranOf(pass, seen), node, success });
  }
  if (seen.phase === 'Lost') {
    const failure = { reason: 'PodLost', message: 'the pod disappeared before its result was read' };
    failed(pass, judged, { failure, cause: 'Infrastructure' });
  }
}

function ranOf(pass: Pass, seen: Ended): Ran | undefined {
  if (seen.startedAt === undefined || seen.finishedAt === undefined) return undefined;
  return [seen.startedAt - pass.state.at, seen.finishedAt - pass.state.at];
}

const withRan = (ran: Ran | undefined) => (ran ? { ran } : {});

/** When an attempt ended, seen from the first order to stop it. */
function whenOf(pass: Pass, judged: Place, seen: Ended): EndedWhen {
  const ordered = orderedAt(judged);
  return endedWhen(seen.finishedAt, ordered === undefined ? undefined : pass.state.at + ordered);
}

/** Once a stop is ordered, only what had ended before the order has succeeded. */
function succeeded(pass: Pass, judged: Place, seen: Extract<AttemptObservation, { phase: 'Succeeded' }>): void {
  const ran = ranOf(pass, seen);
  const when = whenOf(pass, judged, seen);
  if (orderedAt(judged) !== undefined && when !== 'Before') {
    return failed(pass, judged, { failure: { reason: '', message: '' }, cause: 'User', ran, success: when });
  }
  const read = declaredOutputs(judged, seen);
  if ('failure' in read)
    return failed(pass, judged, { failure: withHint(read.failure, seen.hint, MAX_MESSAGE_LENGTH), cause: 'User', ran });
  succeed(pass, judged, read.outputs, { ...withRan(ran), ...(seen.hint ? { hint: seen.hint } : {}) });
}

/** What an attempt that ended well hands on, or why that is not what its task declares. */
function declaredOutputs({ planned }: Place, seen: Extract<AttemptObservation, { phase: 'Succeeded' }>): ParsedOutputs {
  const { outputs: declared } = planned.task;
  const read = seen.outputs ? { outputs: seen.outputs } : parseOutputs(seen.message, declared, seen.withheld);
  if ('failure' in read) return read;
  const failure = missingFailure(declared, read.outputs, seen.outputs ? 'in the result' : 'in $ADO_OUTPUTS');
  return failure ? { failure } : read;
}

/** Why an attempt is stopped and its task is not: `retry` says what follows. */
const OF_ATTEMPT: ReadonlySet<string> = new Set(['AttemptTimedOut', 'PendingTimeout']);

/** An attempt that did not succeed. */
interface Unsuccessful {
  readonly failure: Failure;
  readonly cause: RetryCause;
  readonly ran?: Ran | undefined;
  readonly node?: string | undefined;
  /** When it ended successfully, which does not count since it was told to stop. */
  readonly success?: EndedWhen | undefined;
}

function failed(pass: Pass, judged: Place, { failure: whole, cause, ran, node, success }: Unsuccessful): void {
  const { path, unit } = judged;
  const failure = { ...whole, message: whole.message.slice(0, MAX_MESSAGE_LENGTH) };
  const why = success && WHY_NO_SUCCESS[success];
  if (judged.cause) {
    return pass.emit({ type: 'Cancelled', path, reason: judged.cause.reason, ...(why ? { message: why } : {}) });
  }
  if (unit.phase !== 'Stopping') return retryOrFail(pass, judged, { failure, cause, ran, node });
  const { reason = failure.reason, message = failure.message } = unit;
  const stopped = { ...failure, reason, message: why ? appended(message, why, MAX_MESSAGE_LENGTH) : message };
  if (OF_ATTEMPT.has(reason)) return retryOrFail(pass, judged, { failure: stopped, cause: 'User', ran, node });
  pass.emit({ type: 'Failed', path, failure: stopped, ...withRan(ran) });
}

/** What comes after an attempt whose failure is its own: another attempt, if anybody pays for it. */
function retryOrFail(pass: Pass, judged: Place, { failure, cause, ran, node }: Unsuccessful): void {
  const { path, unit } = judged;
  const next = cause === 'Infrastructure' ? infrastructureRetry(unit, failure) : userRetry(pass, judged, failure);
  if ('reason' in next) return pass.emit({ type: 'Failed', path, failure: next, ...withRan(ran) });
  const avoid = node !== undefined && retryOf(judged)?.otherNode ? { node } : {};
  pass.emit({ type: 'Retrying', path, cause, wake: pass.t + next.delay, failure, ...withRan(ran), ...avoid });
}
