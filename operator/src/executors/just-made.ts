import type { Clock } from '../runtime/index.ts';
import { CACHE_LAG_MS } from './cache-lag.ts';

/**
 * Objects that were created here and that the cache does not show yet, each for as long as the cache may lag: what it shows
 * by then is believed. The owner forgets an object that the cache shows or has shown.
 */
export class JustMade<T> {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By key in the cache, the oldest first, with the monotonic time of the create. */
  readonly #made = new Map<string, { readonly value: T; readonly at: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#made.size;
  }

  /** Notes an object that was created now, and drops those that are noted for too long. */
  add(key: string, value: T): void {
    const now = this.#clock.monotonic();
    for (const [other, { at }] of this.#made) {
      if (now - at < CACHE_LAG_MS) break;
      this.#made.delete(other);
    }
    this.#made.delete(key);
    this.#made.set(key, { value, at: now });
  }

  /** The object, if the cache may just not show it yet. */
  get(key: string): T | undefined {
    const made = this.#made.get(key);
    if (!made || this.#clock.monotonic() - made.at < CACHE_LAG_MS) return made?.value;
    this.#made.delete(key);
    return undefined;
  }

  forget(key: string): void {
    this.#made.delete(key);
  }
}
