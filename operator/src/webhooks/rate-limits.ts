import { DEFAULT_RATE, rateOf, type Webhook } from '../api/index.ts';
import { TokenBuckets } from '../bounds/index.ts';

/** Triggers whose rate is remembered; beyond it, the one that was asked for longest ago begins anew. */
const MAX_BUCKETS = 10_000;

/**
 * How many requests each trigger takes: a bucket of `count`, filled again in `per`. In memory, so each replica counts for
 * itself, and only requests that have shown where they come from count: nobody else can use up a sender's rate.
 */
export class RateLimits {
  readonly #buckets = new TokenBuckets(MAX_BUCKETS);

  /** Takes one request of the trigger. Returns nothing, or the milliseconds until the next one is taken. */
  take(key: string, limit: Webhook['rateLimit'], now: number): number | undefined {
    const waitMs = this.#buckets.take(key, rateOf(limit ?? DEFAULT_RATE), now);
    return waitMs > 0 ? Math.ceil(waitMs) : undefined;
  }
}
