import type { AttemptObservation, Failure, Ran, RetryCause } from '../../api/index.ts';
import { infrastructureDelay, MAX_INFRASTRUCTURE_FAILURES, retryDelay } from '../backoff.ts';
import { ExpressionError, evaluateBoolean } from '../expression/index.ts';
import { parseOutputs } from '../outputs.ts';
import type { Pass } from '../pass.ts';
import { whenGiven } from '../placed-data.ts';
import { isLive, MAX_MESSAGE_LENGTH, type Unit } from '../state.ts';
import { succeed } from '../success.ts';
import { unitBindings } from '../unit-bindings.ts';
import type { Place } from '../walk.ts';

type Ended = Extract<AttemptObservation, { phase: 'Succeeded' | 'Failed' }>;

/** What ended is recorded before anything else is decided, so that what ended in time is never judged late. */
export function outcomes(pass: Pass): void {
  for (const judged of pass.places()) {
    // Who is asked answers, and nothing else ends it: see the rule of signals.
    if (!isLive(judged.unit) || judged.planned.sort === 'Signal') continue;
    const seen = pass.observation(judged.path, judged.unit.attempt);
    if (seen && pass.room()) whenGiven(() => judge(pass, judged, seen));
  }
}

function judge(pass: Pass, judged: Place, seen: AttemptObservation): void {
  if (seen.phase === 'Succeeded') succeeded(pass, judged, seen);
  if (seen.phase === 'Failed') {
    const { reason, message, exitCode } = seen;
    const failure = { reason, message, ...(exitCode === undefined ? {} : { exitCode }) };
    failed(pass, judged, failure, seen.cause, ranOf(pass, seen), seen.node);
  }
  if (seen.phase === 'Lost') {
    const message = 'the pod disappeared before its result was read';
    failed(pass, judged, { reason: 'PodLost', message }, 'Infrastructure');
  }
}

function ranOf(pass: Pass, seen: Ended): Ran | undefined {
  if (seen.startedAt === undefined || seen.finishedAt === undefined) return undefined;
  return [seen.startedAt - pass.state.at, seen.finishedAt - pass.state.at];
}

const withRan = (ran: Ran | undefined) => (ran ? { ran } : {});

function succeeded(pass: Pass, judged: Place, seen: Extract<AttemptObservation, { phase: 'Succeeded' }>): void {
  const { unit, planned } = judged;
  const ran = ranOf(pass, seen);
  const isLate = unit.phase === 'Stopping' && (ran === undefined || ran[1] > (unit.since ?? 0));
  if (isLate) return failed(pass, judged, { reason: unit.reason ?? '', message: unit.message ?? '' }, 'User', ran);
  if (seen.outputs) return succeed(pass, judged, seen.outputs, withRan(ran));
  const parsed = parseOutputs(seen.message, planned.task.outputs, seen.withheld);
  if ('failure' in parsed) return failed(pass, judged, parsed.failure, 'User', ran);
  succeed(pass, judged, parsed.outputs, withRan(ran));
}

function failed(pass: Pass, judged: Place, whole: Failure, cause: RetryCause, ran?: Ran, node?: string): void {
  const { path, unit } = judged;
  const failure = { ...whole, message: whole.message.slice(0, MAX_MESSAGE_LENGTH) };
  if (judged.cause) return pass.emit({ type: 'Cancelled', path, reason: judged.cause.reason });
  const isAttempt = unit.phase === 'Stopping' && unit.reason === 'AttemptTimedOut';
  const stopped = { ...failure, reason: unit.reason ?? failure.reason, message: unit.message ?? failure.message };
  if (unit.phase === 'Stopping' && !isAttempt) {
    return pass.emit({ type: 'Failed', path, failure: stopped, ...withRan(ran) });
  }
  const why = isAttempt ? stopped : failure;
  const isInfrastructure = cause === 'Infrastructure' && !isAttempt;
  const next = isInfrastructure ? infrastructureRetry(unit, why) : userRetry(pass, judged, why);
  if ('reason' in next) return pass.emit({ type: 'Failed', path, failure: next, ...withRan(ran) });
  const avoid = node !== undefined && retryOf(judged)?.otherNode ? { node } : {};
  const paidBy = isInfrastructure ? 'Infrastructure' : 'User';
  pass.emit({
    type: 'Retrying',
    path,
    cause: paidBy,
    wake: pass.t + next.delay,
    failure: why,
    ...withRan(ran),
    ...avoid,
  });
}

const retryOf = ({ planned, frame }: Place) => planned.task.retry ?? frame.plan.defaults?.retry;

/** Either the delay before the next attempt, or the failure that the unit ends with. */
type Retry = { delay: number } | Failure;

function infrastructureRetry(unit: Unit, failure: Failure): Retry {
  if (unit.infra < MAX_INFRASTRUCTURE_FAILURES) return { delay: infrastructureDelay(unit.infra) };
  const message = `the infrastructure failed ${unit.infra + 1} attempts; the last one: ${failure.reason}: ${failure.message}`;
  return { ...failure, reason: 'InfrastructureFailure', message: message.slice(0, MAX_MESSAGE_LENGTH) };
}

function userRetry(pass: Pass, judged: Place, failure: Failure): Retry {
  const { unit, path } = judged;
  const retry = retryOf(judged);
  if (!retry || unit.retries >= retry.limit) return failure;
  const delay = () => retryDelay(retry.backoff, unit.retries, `${pass.identity.uid}/${path}`);
  if (retry.when === undefined) return { delay: delay() };
  try {
    const { reason, message, exitCode = -1 } = failure;
    const bindings = { ...unitBindings(pass, judged), reason, message, exitCode, attempt: unit.attempt };
    return evaluateBoolean(retry.when, bindings) ? { delay: delay() } : failure;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const message = `retry.when: ${error.message}; the attempt had failed with ${failure.reason}: ${failure.message}`;
    return { ...failure, reason: 'ExpressionError', message: message.slice(0, MAX_MESSAGE_LENGTH) };
  }
}
