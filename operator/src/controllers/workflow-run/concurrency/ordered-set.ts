/**
 * Items in an order in which different ones are never equal. It is a sorted array: a rank takes as many comparisons as the
 * length has binary digits, and a change one move of memory besides. Pure.
 */
export class OrderedSet<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Adds the item, in place of an equal one. */
  add(item: T): void {
    const at = this.before(item);
    this.#items.splice(at, this.#isAt(at, item) ? 1 : 0, item);
  }

  /** Removes the item that is equal, if there is one. */
  delete(item: T): void {
    const at = this.before(item);
    if (this.#isAt(at, item)) this.#items.splice(at, 1);
  }

  /** How many items come before this one, which may be absent. */
  before(item: T): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#items[middle] as T, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many items come after this one, which may be absent. */
  after(item: T): number {
    const at = this.before(item);
    return this.#items.length - at - (this.#isAt(at, item) ? 1 : 0);
  }

  /** The first items, at most so many. */
  first(count: number): T[] {
    return this.#items.slice(0, Math.max(0, count));
  }

  /** The last items, at most so many. */
  last(count: number): T[] {
    return count > 0 ? this.#items.slice(-count) : [];
  }

  #isAt(index: number, item: T): boolean {
    return index < this.#items.length && this.#compare(this.#items[index] as T, item) === 0;
  }
}
