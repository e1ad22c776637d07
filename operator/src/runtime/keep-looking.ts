import { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export interface KeepLookingOptions {
  readonly clock: Clock;
  /** Between two looks, ms. */
  readonly everyMs: number;
  readonly look: (signal: AbortSignal) => Promise<void>;
  /** Receives the error of each look that failed, and decides whether to look again. */
  readonly failed: (error: unknown, retryMs: number) => 'Again' | 'End';
}

/** Looks again and again until the signal aborts. A look that fails is repeated sooner. Never rejects. */
export async function keepLooking(options: KeepLookingOptions, signal: AbortSignal): Promise<void> {
  const { clock, everyMs, look, failed } = options;
  const backoff = new Backoff({ baseMs: FIRST_RETRY_MS, capMs: LONGEST_RETRY_MS });
  while (!signal.aborted) {
    let waitMs = everyMs;
    try {
      await look(signal);
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      waitMs = Math.min(backoff.next(), everyMs);
      if (failed(error, waitMs) === 'End') return;
    }
    await clock.sleep(waitMs, signal).catch(() => undefined);
  }
}
