import { DEFAULT_RATE, rateOf, type Webhook } from '../api/index.ts';
import { TokenBuckets } from '../bounds/index.ts';

/** Triggers with a bucket; beyond that, the least recently used trigger starts with a full bucket again. */
const MAX_BUCKETS = 10_000;

/**
 * Limits the requests of each trigger by a token bucket: `count` tokens, refilled over `per`. In memory, so each
 * replica counts separately. Only authenticated requests count, so nobody else can use up the rate of a sender.
 */
export class RateLimits {
  readonly #buckets = new TokenBuckets(MAX_BUCKETS);

  /** Admits one request of the trigger. Returns undefined, or the milliseconds until the next one is admitted. */
  take(key: string, limit: Webhook['rateLimit'], now: number): number | undefined {
    const waitMs = this.#buckets.take(key, rateOf(limit ?? DEFAULT_RATE), now);
    return waitMs > 0 ? Math.ceil(waitMs) : undefined;
  }
}
