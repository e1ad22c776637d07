import { DEFAULT_RATE, parseDuration, type Webhook } from '../api/index.ts';

/** Triggers whose rate is remembered; beyond it, the one that was asked for longest ago begins anew. */
const MAX_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  /** Monotonic milliseconds. */
  at: number;
}

/**
 * How many requests each trigger takes: a bucket of `count`, filled again in `per`. In memory, so each replica counts for
 * itself, and only requests that have shown where they come from count: nobody else can use up a sender's rate.
 */
export class RateLimits {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes one request of the trigger. Returns nothing, or the milliseconds until the next one is taken. */
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
