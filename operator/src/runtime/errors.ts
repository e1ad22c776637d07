import { redact } from '../redaction/index.ts';

/** One cause inside a refusal: which field, why. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** The `Status` object that the API server answers errors with. */
export interface KubeStatus {
  kind?: string;
  status?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: StatusDetails;
}

/** A refusal by the API server. Its message may quote an object and therefore text that users wrote. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status code. */
  readonly status: number;
  /** Machine-readable reason, such as `NotFound`; empty when the answer came from something else than the API. */
  readonly reason: string;
  readonly details: StatusDetails;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: KubeStatus, retryAfterMs?: number) {
    super(redact(body.message ?? '') || `the API server answered ${status}`);
    this.status = status;
    this.reason = body.reason ?? '';
    this.details = body.details ?? {};
    const seconds = this.details.retryAfterSeconds;
    this.retryAfterMs = retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000);
  }
}

/** No usable answer: none came, or it cannot be parsed and is quoted. With `sent` the server may have acted on the request. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Code of the transport (`ECONNREFUSED`, `UND_ERR_SOCKET`, ...) or `Timeout`, `BodyTooLarge`, `InvalidResponse`. */
  readonly code: string;
  readonly sent: boolean;

  constructor(code: string, message: string, sent: boolean, cause?: unknown) {
    super(redact(message), { cause });
    this.code = code;
    this.sent = sent;
  }
}

/** The caller aborted the request by its signal. A write may have been committed all the same. */
export class AbortedError extends Error {
  override readonly name = 'AbortedError';
}

/** A write was refused before sending because this process may no longer write (it is not the leader). */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

const isStatus = (error: unknown, status: number): error is ApiError =>
  error instanceof ApiError && error.status === status;

export const isNotFound = (error: unknown): error is ApiError => isStatus(error, 404);
/** 409 because the name is taken. */
export const isAlreadyExists = (error: unknown): error is ApiError =>
  isStatus(error, 409) && error.reason === 'AlreadyExists';
/** 409 because the object changed since it was read, or a precondition failed. */
export const isConflict = (error: unknown): error is ApiError =>
  isStatus(error, 409) && error.reason !== 'AlreadyExists';
/**
 * 422 because a JSON Patch did not apply: a `test` failed, or a path no longer exists. The object changed since it was
 * read, so the remedy is to read it again, as after a conflict.
 *
 * The API server answers so before it has a new object to judge: its Status names no object and no cause, and its message
 * is the same for every patch. A refusal by the schema, a CEL rule, an admission policy or strict decoding has causes or
 * names the object; a webhook may leave out both, and its name comes first in the message.
 */
export function isPatchMismatch(error: unknown): boolean {
  if (!isStatus(error, 422) || error.reason !== 'Invalid' || error.message.startsWith(WEBHOOK_DENIAL)) return false;
  const { name, kind, causes = [] } = error.details;
  return !name && !kind && causes.length === 0;
}

const WEBHOOK_DENIAL = 'admission webhook ';

/** 422 because the API server rejects the object as it would be: by its schema, by a rule, or at admission. Permanent. */
export const isInvalid = (error: unknown): error is ApiError => isStatus(error, 422) && !isPatchMismatch(error);
export const isForbidden = (error: unknown): error is ApiError => isStatus(error, 403);
export const isUnauthorized = (error: unknown): error is ApiError => isStatus(error, 401);
/** 410: the resource version or continue token is too old. A list of everything is the remedy. */
export const isGone = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone');
export const isTooManyRequests = (error: unknown): error is ApiError => isStatus(error, 429);
export const isTooLarge = (error: unknown): error is ApiError => isStatus(error, 413);
export const isAborted = (error: unknown): error is AbortedError => error instanceof AbortedError;

/**
 * Whether a write that failed this way may have been committed all the same: the connection broke or timed out after
 * sending, or the server gave up waiting for its storage. The caller must read before it decides.
 */
export function isTimeoutOrUnknownOutcome(error: unknown): boolean {
  if (error instanceof ConnectionError) return error.sent;
  if (error instanceof AbortedError) return true;
  return error instanceof ApiError && error.status >= 500;
}
