export interface BoundedMapOptions<V> {
  /** The largest total weight of the entries; the largest number of entries where `weigh` is absent. */
  readonly max: number;
  /** The weight of a value, at least 0 and the same whenever it is asked for. Default: 1 for each. */
  readonly weigh?: (value: V) => number;
  /** Called with each entry that is dropped to stay within `max`, not with deleted or replaced ones. */
  readonly onDrop?: (key: string, value: V) => void;
}

/**
 * A map that drops the entries that were set longest ago once it exceeds its bound. For what can be found out again: a
 * dropped entry costs time, never correctness.
 *
 * Reading does not move an entry, so that a read costs one lookup; a caller for which use counts sets the entry again.
 */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #max: number;
  readonly #weigh: ((value: V) => number) | undefined;
  readonly #onDrop: ((key: string, value: V) => void) | undefined;
  #weight = 0;

  constructor({ max, weigh, onDrop }: BoundedMapOptions<V>) {
    this.#max = max;
    this.#weigh = weigh;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Makes the entry the newest one. An entry that alone exceeds the bound is not kept, and drops all others. */
  set(key: string, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#weight += this.#weightOf(value);
    if (this.#weight > this.#max) this.#drop();
  }

  delete(key: string): boolean {
    const value = this.#entries.get(key);
    if (value === undefined && !this.#entries.has(key)) return false;
    this.#weight -= this.#weightOf(value as V);
    return this.#entries.delete(key);
  }

  /** The values, the one that was set longest ago first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  #weightOf(value: V): number {
    return this.#weigh?.(value) ?? 1;
  }

  #drop(): void {
    for (const [key, value] of this.#entries) {
      if (this.#weight <= this.#max) return;
      this.delete(key);
      this.#onDrop?.(key, value);
    }
  }
}
