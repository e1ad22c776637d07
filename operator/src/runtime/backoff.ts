export interface BackoffOptions {
  /** First delay, ms. */
  readonly baseMs: number;
  /** Longest delay, ms. */
  readonly capMs: number;
  readonly random?: () => number;
}

/** Delays that double with every call up to a cap, each spread over its upper half, until `reset`. */
export class Backoff {
  private readonly options: BackoffOptions;
  private failures = 0;

  constructor(options: BackoffOptions) {
    this.options = options;
  }

  /** The next delay in milliseconds. */
  next(): number {
    const { baseMs, capMs, random = Math.random } = this.options;
    const full = Math.min(baseMs * 2 ** Math.min(this.failures++, 40), capMs);
    return full * (0.5 + 0.5 * random());
  }

  reset(): void {
    this.failures = 0;
  }
}
