/**
 * A map that forgets what was used longest ago, bounded in entries and in weight. What it holds are pure results,
 * so forgetting costs time and never an answer.
 */
export class BoundedCache<V> {
  readonly #entries = new Map<string, { value: V; weight: number }>();
  readonly #maxEntries: number;
  readonly #maxWeight: number;
  #weight = 0;

  constructor(maxEntries: number, maxWeight: number) {
    this.#maxEntries = maxEntries;
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#entries.size;
  }

  get weight(): number {
    return this.#weight;
  }

  /** The value for the key, computed and kept if it is not there. A value heavier than the cache is not kept. */
  getOrAdd(key: string, compute: () => V, weigh: (value: V) => number): V {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, found);
      return found.value;
    }
    const value = compute();
    const weight = weigh(value);
    if (weight > this.#maxWeight) return value;
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    this.#trim();
    return value;
  }

  #trim(): void {
    for (const [key, { weight }] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && this.#weight <= this.#maxWeight) return;
      this.#entries.delete(key);
      this.#weight -= weight;
    }
  }
}
