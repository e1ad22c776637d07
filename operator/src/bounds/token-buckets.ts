import { BoundedMap } from './bounded-map.ts';
import { type Bucket, drained, type Rate, takeableAt } from './token-bucket.ts';

/** A token bucket for each of at most `max` keys, full at first. The key that asked longest ago starts full again. */
export class TokenBuckets {
  readonly #buckets: BoundedMap<Bucket>;

  constructor(max: number) {
    this.#buckets = new BoundedMap({ max });
  }

  /**
   * Takes one token of the key. Returns 0, or the milliseconds until there is one and takes none.
   * @param now monotonic milliseconds
   */
  take(key: string, rate: Rate, now: number): number {
    const bucket = drained(rate, this.#buckets.get(key) ?? { taken: 0, at: now }, now);
    const waitMs = takeableAt(rate, bucket, now, 1) - now;
    this.#buckets.set(key, waitMs > 0 ? bucket : { taken: bucket.taken + 1, at: bucket.at });
    return waitMs;
  }
}
