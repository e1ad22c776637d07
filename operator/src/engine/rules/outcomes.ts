import type { AttemptObservation, Failure, Ran, RetryCause } from '../../api/index.ts';
import { infrastructureDelay, MAX_INFRASTRUCTURE_FAILURES, retryDelay } from '../backoff.ts';
import { ExpressionError, evaluateBoolean } from '../expression/index.ts';
import { MAX_STATE_OUTPUT_BYTES, parseOutputs, utf8Length } from '../outputs.ts';
import { type Pass, unitsInFlight } from '../pass.ts';
import { unitBindings } from '../start.ts';
import { isLive, isTerminal, MAX_MESSAGE_LENGTH, type RunState, type Unit } from '../state.ts';

interface Judged {
  path: string;
  task: string;
  index?: number;
  unit: Unit;
}
type Ended = Extract<AttemptObservation, { phase: 'Succeeded' | 'Failed' }>;

/** What ended is recorded before anything else is decided, so that what ended in time is never judged late. */
export function outcomes(pass: Pass): void {
  for (const judged of unitsInFlight(pass.state)) {
    if (!isLive(judged.unit)) continue;
    const seen = pass.observation(judged.path, judged.unit.attempt);
    if (!seen || !pass.room()) continue;
    if (seen.phase === 'Succeeded') succeeded(pass, judged, seen);
    if (seen.phase === 'Failed') {
      const { reason, message, exitCode } = seen;
      const failure = { reason, message, ...(exitCode === undefined ? {} : { exitCode }) };
      failed(pass, judged, failure, seen.cause, ranOf(pass, seen));
    }
    if (seen.phase === 'Lost') {
      const message = 'the pod disappeared before its result was read';
      failed(pass, judged, { reason: 'PodLost', message }, 'Infrastructure');
    }
  }
}

function ranOf(pass: Pass, seen: Ended): Ran | undefined {
  if (seen.startedAt === undefined || seen.finishedAt === undefined) return undefined;
  return [seen.startedAt - pass.state.at, seen.finishedAt - pass.state.at];
}

const withRan = (ran: Ran | undefined) => (ran ? { ran } : {});

function succeeded(pass: Pass, judged: Judged, seen: Extract<AttemptObservation, { phase: 'Succeeded' }>): void {
  const { path, task, unit } = judged;
  const ran = ranOf(pass, seen);
  const isLate = unit.phase === 'Stopping' && (ran === undefined || ran[1] > (unit.since ?? 0));
  if (isLate) return failed(pass, judged, { reason: unit.reason ?? '', message: unit.message ?? '' }, 'User', ran);
  const parsed = parseOutputs(seen.message, pass.plan.tasks.get(task)?.task.outputs);
  if ('failure' in parsed) return failed(pass, judged, parsed.failure, 'User', ran);
  const { outputs } = parsed;
  if (Object.keys(outputs).length === 0) return pass.emit({ type: 'Succeeded', path, ...withRan(ran) });
  const keep = isRead(pass, task);
  if (keep && outputBytes(pass.state) + utf8Length(JSON.stringify(outputs)) > MAX_STATE_OUTPUT_BYTES) {
    const message = `the outputs that unfinished tasks refer to exceed ${MAX_STATE_OUTPUT_BYTES} bytes; hand over a reference`;
    return pass.emit({ type: 'Failed', path, failure: { reason: 'OutputsTooLarge', message }, ...withRan(ran) });
  }
  pass.emit({ type: 'Succeeded', path, outputs, ...(keep ? { keep } : {}), ...withRan(ran) });
}

/** Whether an unfinished task refers to the outputs of this one. */
export function isRead(pass: Pass, task: string): boolean {
  return (pass.plan.readers.get(task) ?? []).some((reader) => {
    const state = pass.state.tasks.get(reader);
    return !state || !isTerminal(state.unit);
  });
}

/** Bytes of all outputs that the state holds. */
export function outputBytes(state: RunState): number {
  let bytes = 0;
  for (const { outputs, fan } of state.tasks.values()) {
    if (outputs) bytes += utf8Length(JSON.stringify(outputs));
    for (const item of fan?.outputs.values() ?? []) bytes += utf8Length(JSON.stringify(item));
  }
  return bytes;
}

function failed(pass: Pass, judged: Judged, whole: Failure, cause: RetryCause, ran?: Ran): void {
  const { path, unit } = judged;
  const failure = { ...whole, message: whole.message.slice(0, MAX_MESSAGE_LENGTH) };
  if (pass.state.stop) return pass.emit({ type: 'Cancelled', path, reason: pass.state.stop.reason });
  if (unit.phase === 'Stopping') {
    const stopped = { ...failure, reason: unit.reason ?? failure.reason, message: unit.message ?? failure.message };
    return pass.emit({ type: 'Failed', path, failure: stopped, ...withRan(ran) });
  }
  const next = cause === 'Infrastructure' ? infrastructureRetry(unit, failure) : userRetry(pass, judged, failure);
  if ('reason' in next) return pass.emit({ type: 'Failed', path, failure: next, ...withRan(ran) });
  pass.emit({ type: 'Retrying', path, cause, wake: pass.t + next.delay, failure, ...withRan(ran) });
}

/** Either the delay before the next attempt, or the failure that the unit ends with. */
type Retry = { delay: number } | Failure;

function infrastructureRetry(unit: Unit, failure: Failure): Retry {
  if (unit.infra < MAX_INFRASTRUCTURE_FAILURES) return { delay: infrastructureDelay(unit.infra) };
  const message = `the infrastructure failed ${unit.infra + 1} attempts; the last one: ${failure.reason}: ${failure.message}`;
  return { ...failure, reason: 'InfrastructureFailure', message: message.slice(0, MAX_MESSAGE_LENGTH) };
}

function userRetry(pass: Pass, { task, index, unit }: Judged, failure: Failure): Retry {
  const planned = pass.plan.tasks.get(task);
  const retry = planned?.task.retry ?? pass.plan.definition.defaults?.retry;
  if (!planned || !retry || unit.retries >= retry.limit) return failure;
  if (retry.when === undefined) return { delay: retryDelay(retry.backoff, unit.retries) };
  try {
    const { reason, message, exitCode = -1 } = failure;
    const bindings = { ...unitBindings(pass, planned, index), reason, message, exitCode, attempt: unit.attempt };
    return evaluateBoolean(retry.when, bindings) ? { delay: retryDelay(retry.backoff, unit.retries) } : failure;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const message = `retry.when: ${error.message}; the attempt had failed with ${failure.reason}: ${failure.message}`;
    return { ...failure, reason: 'ExpressionError', message: message.slice(0, MAX_MESSAGE_LENGTH) };
  }
}
