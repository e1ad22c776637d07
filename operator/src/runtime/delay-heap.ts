interface Node<V> {
  readonly key: string;
  readonly due: number;
  readonly value: V;
}

/** Keys by due time: at most one entry a key, the earliest wins. A binary heap; replaced entries are skipped lazily. */
export class DelayHeap<V> {
  private heap: Node<V>[] = [];
  private readonly live = new Map<string, Node<V>>();

  get size(): number {
    return this.live.size;
  }

  get(key: string): V | undefined {
    return this.live.get(key)?.value;
  }

  /** Adds the key, or moves it forward if `due` is earlier than its present time. The value is replaced in any case. */
  push(key: string, due: number, value: V): void {
    const known = this.live.get(key);
    if (known && known.due <= due && known.value === value) return;
    const node = { key, due: known ? Math.min(known.due, due) : due, value };
    this.live.set(key, node);
    this.heap.push(node);
    this.siftUp(this.heap.length - 1);
    if (this.heap.length > 64 && this.heap.length > 2 * this.live.size) this.compact();
  }

  delete(key: string): void {
    this.live.delete(key);
  }

  clear(): void {
    this.live.clear();
    this.heap = [];
  }

  nextDue(): number | undefined {
    this.skipDead();
    return this.heap[0]?.due;
  }

  /** Removes and returns the earliest entry that is due at `now`. */
  popDue(now: number): { key: string; value: V } | undefined {
    this.skipDead();
    const first = this.heap[0];
    if (!first || first.due > now) return undefined;
    this.pop();
    this.live.delete(first.key);
    return first;
  }

  private skipDead(): void {
    for (let first = this.heap[0]; first && this.live.get(first.key) !== first; first = this.heap[0]) this.pop();
  }

  /** Rebuilds the heap from its live entries, so that keys moved forward again and again do not fill the memory. */
  private compact(): void {
    this.heap = [...this.live.values()].sort((a, b) => a.due - b.due);
  }

  private pop(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    this.heap[0] = last;
    this.siftDown();
  }

  private siftUp(start: number): void {
    for (let i = start; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (this.at(parent).due <= this.at(i).due) return;
      this.swap(i, parent);
      i = parent;
    }
  }

  private siftDown(): void {
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      if (left >= this.heap.length) return;
      const right = left + 1;
      const least = right < this.heap.length && this.at(right).due < this.at(left).due ? right : left;
      if (this.at(i).due <= this.at(least).due) return;
      this.swap(i, least);
      i = least;
    }
  }

  private at(index: number): Node<V> {
    const node = this.heap[index];
    if (!node) throw new RangeError(`heap index ${index} of ${this.heap.length}`);
    return node;
  }

  private swap(a: number, b: number): void {
    const held = this.at(a);
    this.heap[a] = this.at(b);
    this.heap[b] = held;
  }
}
