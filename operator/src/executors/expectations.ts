import { BoundedMap } from '../bounds/index.ts';
import type { Clock, Store } from '../runtime/index.ts';

/** How long an object that this process has created may be missing from its cache, in milliseconds. */
export const CACHE_LAG_MS = 5_000;
/** Expectations that are kept. One that is dropped costs a live read. */
const MAX_EXPECTED = 20_000;

interface Expected<T> {
  readonly object: T;
  /** Monotonic time of the create. */
  readonly since: number;
}

/**
 * Objects that this process created and that its cache does not show yet. An expectation is fulfilled when the cache shows
 * an object of that key, and it ends after CACHE_LAG_MS: from then on only a live read tells whether the object exists.
 *
 * While an expectation is pending, the absence of the object from the cache means nothing.
 */
export class Expectations<T = true> {
  readonly #store: Pick<Store<unknown>, 'get'>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #expected = new BoundedMap<Expected<T>>({ max: MAX_EXPECTED });

  /** @param store the cache that fulfils the expectations, by its keys */
  constructor(store: Pick<Store<unknown>, 'get' | 'subscribe'>, clock: Pick<Clock, 'monotonic'>) {
    this.#store = store;
    this.#clock = clock;
    store.subscribe({ added: (key) => void this.#expected.delete(key) });
  }

  /** Notes that the object was created. The cache may be quicker than the answer: then nothing is expected. */
  created(key: string, object: T): void {
    if (this.#store.get(key) === undefined) this.#expected.set(key, { object, since: this.#clock.monotonic() });
  }

  /** What was noted of an object that is still expected. */
  pending(key: string): T | undefined {
    const expected = this.#expected.get(key);
    if (expected === undefined) return undefined;
    if (this.#clock.monotonic() - expected.since < CACHE_LAG_MS) return expected.object;
    this.#expected.delete(key);
    return undefined;
  }
}
