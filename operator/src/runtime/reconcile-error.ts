import { AbortedError, FencedError, isConflict, isPatchMismatch } from './errors.ts';

/** The work cannot succeed until something changes: no retry; the next event of the object tries again. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  /** PascalCase, stable: it ends up in a condition and in metrics. */
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** Nothing is wrong, something is awaited: tried again after `requeueAfter` ms, without backoff and without an error. */
export class WaitingError extends Error {
  override readonly name = 'WaitingError';
  readonly reason: string;
  readonly requeueAfter: number;

  constructor(reason: string, message: string, requeueAfter: number) {
    super(message);
    this.reason = reason;
    this.requeueAfter = requeueAfter;
  }
}

/**
 * The fate of a key whose reconcile threw.
 * - `terminal`: forget it until its next event.
 * - `wait`: forget its failures, come back after a given time.
 * - `conflict`: the object changed since it was read; retry with backoff; normal under concurrency, so no error is logged.
 * - `panic`: a programming error; retry with backoff, counted apart.
 * - `stopped`: the process is stopping or is not the leader any more; nothing is retried here.
 * - `retry`: everything else; retry with backoff.
 */
export type ErrorPolicy = 'terminal' | 'wait' | 'conflict' | 'panic' | 'stopped' | 'retry';

interface Classifier {
  readonly policy: ErrorPolicy;
  matches(error: unknown): boolean;
}

const PROGRAMMING_ERRORS = [TypeError, ReferenceError, RangeError, SyntaxError];

/** The one table that decides; the first row that matches wins. */
const CLASSIFIERS: readonly Classifier[] = [
  { policy: 'terminal', matches: (error) => error instanceof TerminalError },
  { policy: 'wait', matches: (error) => error instanceof WaitingError },
  { policy: 'stopped', matches: (error) => error instanceof AbortedError || error instanceof FencedError },
  { policy: 'conflict', matches: (error) => isConflict(error) || isPatchMismatch(error) },
  { policy: 'panic', matches: (error) => PROGRAMMING_ERRORS.some((type) => error instanceof type) },
  { policy: 'panic', matches: (error) => !(error instanceof Error) },
];

export function classify(error: unknown): ErrorPolicy {
  return CLASSIFIERS.find((row) => row.matches(error))?.policy ?? 'retry';
}
