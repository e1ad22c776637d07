import { ApiError, isPatchMismatch } from '../runtime/index.ts';
import type { Refusal } from './executor.ts';

/** What the API server says when it refuses a pod for what it is or for what the namespace allows. */
const REFUSALS: readonly { status: number; pattern: RegExp; reason: Refusal['reason']; retry: boolean }[] = [
  { status: 403, pattern: /exceeded quota|failed quota/, reason: 'Quota', retry: true },
  { status: 403, pattern: /because it is being terminated/, reason: 'PodRejected', retry: true },
  { status: 403, pattern: /violates PodSecurity/, reason: 'PodRejected', retry: false },
  { status: 403, pattern: /error looking up service account/, reason: 'PodRejected', retry: true },
  { status: 403, pattern: /no PriorityClass with name|RuntimeClass .* not found/, reason: 'PodRejected', retry: true },
  { status: 403, pattern: /is forbidden: User /, reason: 'PodRejected', retry: true },
  { status: 400, pattern: /admission webhook/, reason: 'PodRejected', retry: false },
  { status: 403, pattern: /./, reason: 'PodRejected', retry: false },
  { status: 413, pattern: /./, reason: 'PodRejected', retry: false },
  { status: 422, pattern: /./, reason: 'PodRejected', retry: false },
  { status: 400, pattern: /./, reason: 'PodRejected', retry: false },
];

/**
 * The refusal behind a failed create; `rejected` is what it is called when the API server will not have the object.
 * @throws the error itself when it says nothing about the object: the server was not reached, or is not well
 */
export function refusalOf(error: unknown, rejected: Refusal['reason'] = 'PodRejected'): Refusal {
  if (!(error instanceof ApiError)) throw error;
  const row = REFUSALS.find(({ status, pattern }) => status === error.status && pattern.test(error.message));
  // Nothing was said of the object.
  if (!row || isPatchMismatch(error)) throw error;
  const reason = row.reason === 'PodRejected' ? rejected : row.reason;
  return { phase: 'Refused', reason, message: error.message.slice(0, 512), retry: row.retry };
}
