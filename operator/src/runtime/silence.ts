import type { Clock, Timer } from './clock.ts';
import { AbortedError, ApiError, ConnectionError } from './errors.ts';
import { transportError } from './response.ts';

/**
 * Gives a stream up when nothing came for too long: a half-open connection looks exactly like a quiet one, but a quiet
 * watch gets a bookmark about once a minute. One timer a period, not one a chunk.
 */
export class Silence {
  readonly signal: AbortSignal;
  private readonly clock: Clock;
  private readonly limitMs: number;
  private readonly caller: AbortSignal;
  private readonly controller = new AbortController();
  private readonly onAbort = () => this.controller.abort();
  private lastByte: number;
  private timer: Timer;
  private silent = false;

  constructor(clock: Clock, limitMs: number, caller: AbortSignal) {
    this.clock = clock;
    this.limitMs = limitMs;
    this.caller = caller;
    this.signal = this.controller.signal;
    this.lastByte = clock.monotonic();
    this.timer = clock.setTimeout(() => this.check(), limitMs);
    if (caller.aborted) this.controller.abort();
    else caller.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Something came. */
  broken(): void {
    this.lastByte = this.clock.monotonic();
  }

  end(): void {
    this.timer.cancel();
    this.caller.removeEventListener('abort', this.onAbort);
  }

  /** The error as the caller should see it. */
  explain(error: unknown): unknown {
    if (error instanceof ApiError) return error;
    if (this.caller.aborted) return new AbortedError('the watch was aborted', { cause: error });
    if (this.silent) return new ConnectionError('Silent', `no byte within ${this.limitMs} ms`, true, error);
    return transportError(error);
  }

  private check(): void {
    const left = this.lastByte + this.limitMs - this.clock.monotonic();
    if (left > 0) {
      this.timer = this.clock.setTimeout(() => this.check(), left);
      return;
    }
    this.silent = true;
    this.controller.abort();
  }
}
