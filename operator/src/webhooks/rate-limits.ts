import { DEFAULT_RATE, parseDuration, type Webhook } from '../api/index.ts';

/** Triggers with a bucket; beyond that, the least recently used trigger starts with a full bucket again. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  /** Monotonic milliseconds. */
  at: number;
}

/**
 * Limits the requests of each trigger by a token bucket: `count` tokens, refilled over `per`. In memory, so each
 * replica counts separately. Only authenticated requests count, so nobody else can use up the rate of a sender.
 */
export class RateLimits {
  readonly #buckets = new Map<string, Bucket>();

  /** Admits one request of the trigger. Returns undefined, or the milliseconds until the next one is admitted. */
  take(key: string, limit: Webhook['rateLimit'], now: number): number | undefined {
    const { count, per } = limit ?? DEFAULT_RATE;
    const perRequestMs = parseDuration(per) / count;
    const before = this.#buckets.get(key) ?? { tokens: count, at: now };
    const tokens = Math.min(count, before.tokens + (now - before.at) / perRequestMs);
    const isTaken = tokens >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: isTaken ? tokens - 1 : tokens, at: now });
    const oldest = this.#buckets.size > MAX_BUCKETS ? this.#buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return isTaken ? undefined : Math.ceil((1 - tokens) * perRequestMs);
  }
}
