import type { Failure, Retry } from '../../api/index.ts';
import { unitBindings } from '../bindings/unit-bindings.ts';
import { ExpressionError, evaluateBoolean } from '../expression/index.ts';
import { MAX_MESSAGE_LENGTH, type Unit } from '../state/state.ts';
import type { Place } from '../state/walk.ts';
import { infrastructureDelay, MAX_INFRASTRUCTURE_FAILURES, retryDelay } from './backoff.ts';
import type { Pass } from './pass.ts';

/** The `retry` of a unit: its own, or that of `defaults`. */
export const retryOf = ({ planned, frame }: Place): Retry | undefined =>
  planned.task.retry ?? frame.plan.defaults?.retry;

/** Either the delay before the next attempt, or the failure that the unit ends with. */
export type Next = { delay: number } | Failure;

/** What follows a failure of the infrastructure. */
export function infrastructureRetry(unit: Unit, failure: Failure): Next {
  if (unit.infra < MAX_INFRASTRUCTURE_FAILURES) return { delay: infrastructureDelay(unit.infra) };
  const message = `the infrastructure failed ${unit.infra + 1} attempts; the last one: ${failure.reason}: ${failure.message}`;
  return { ...failure, reason: 'InfrastructureFailure', message: message.slice(0, MAX_MESSAGE_LENGTH) };
}

/** What follows a failure of an attempt that the user's `retry` pays for. */
export function userRetry(pass: Pass, judged: Place, failure: Failure, attempt = judged.unit.attempt): Next {
  const { unit, path } = judged;
  const retry = retryOf(judged);
  if (!retry || unit.retries >= retry.limit) return failure;
  const delay = () => retryDelay(retry.backoff, unit.retries, `${pass.identity.uid}/${path}`);
  if (retry.when === undefined) return { delay: delay() };
  try {
    const { reason, message, exitCode = -1 } = failure;
    const bindings = { ...unitBindings(pass, judged), reason, message, exitCode, attempt };
    return evaluateBoolean(retry.when, bindings) ? { delay: delay() } : failure;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const message = `retry.when: ${error.message}; the attempt had failed with ${failure.reason}: ${failure.message}`;
    return { ...failure, reason: 'ExpressionError', message: message.slice(0, MAX_MESSAGE_LENGTH) };
  }
}
