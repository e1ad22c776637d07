/** One cached object. `resourceVersion` is compared for equality only. */
export interface Entry<T> {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: T;
}

/** The handlers of a subscriber. They are called synchronously and must only note work, such as adding to a queue. */
export interface StoreHandler<T> {
  added?(key: string, value: T, entry: Entry<T>): void;
  updated?(key: string, value: T, previous: T, entry: Entry<T>): void;
  deleted?(key: string, value: T, entry: Entry<T>): void;
  /** A complete list has the object as cached: an occasion to look at it again, at low priority. */
  resynced?(key: string, value: T): void;
}

/** Computes under which values an object is found. An object may have none or several. */
export type IndexFunction<T> = (value: T) => readonly string[];

export interface StoreOptions<T> {
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
}

/** Called for a handler or index function that threw; the store and the other handlers continue. */
export type HandlerErrorListener = (error: unknown, key: string) => void;

/** How many objects a complete list changed. */
export interface ReplaceResult {
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
}

interface Index<T> {
  readonly compute: IndexFunction<T>;
  readonly buckets: Map<string, Map<string, Entry<T>>>;
}

/**
 * The cache of one kind. Keyed by `namespace/name`, but aware of uids: an object that was deleted and recreated under
 * its name is a deletion and an addition, never an update.
 */
export class Store<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly indexes = new Map<string, Index<T>>();
  private readonly handlers = new Set<StoreHandler<T>>();
  private onHandlerError: HandlerErrorListener = () => undefined;

  constructor(options: StoreOptions<T> = {}) {
    for (const [name, compute] of Object.entries(options.indexes ?? {})) {
      this.indexes.set(name, { compute, buckets: new Map() });
    }
  }

  /** Sets the listener for handlers that throw: the reflector that fills the store. */
  reportErrorsTo(listener: HandlerErrorListener): void {
    this.onHandlerError = listener;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): T | undefined {
    return this.entries.get(key)?.value;
  }

  /** The entry with uid and version, for callers that must know how fresh it is. */
  entry(key: string): Entry<T> | undefined {
    return this.entries.get(key);
  }

  keys(): IterableIterator<string> {
    return this.entries.keys();
  }

  *values(): IterableIterator<T> {
    for (const entry of this.entries.values()) yield entry.value;
  }

  /** Objects found under `value` of the index, in no particular order. @throws Error when there is no such index. */
  byIndex(name: string, value: string): T[] {
    const bucket = this.index(name).buckets.get(value);
    return bucket ? Array.from(bucket.values(), (entry) => entry.value) : [];
  }

  /** Keys found under `value` of the index. @throws Error when there is no such index. */
  keysByIndex(name: string, value: string): string[] {
    const bucket = this.index(name).buckets.get(value);
    return bucket ? [...bucket.keys()] : [];
  }

  /** Calls the handler for everything cached (as added) and for every later change. Returns a function that ends this. */
  subscribe(handler: StoreHandler<T>): () => void {
    this.handlers.add(handler);
    for (const entry of this.entries.values())
      this.call(entry.key, () => handler.added?.(entry.key, entry.value, entry));
    return () => void this.handlers.delete(handler);
  }

  /** Takes in the newest version of an object. The same version of the same object again changes nothing. */
  put(entry: Entry<T>): void {
    const previous = this.entries.get(entry.key);
    if (previous?.uid === entry.uid && previous.resourceVersion === entry.resourceVersion) return;
    if (previous && previous.uid !== entry.uid) this.remove(entry.key);
    const same = previous?.uid === entry.uid ? previous : undefined;
    if (same) this.unlink(same);
    this.entries.set(entry.key, entry);
    this.link(entry);
    this.notify(entry.key, (handler) =>
      same
        ? handler.updated?.(entry.key, entry.value, same.value, entry)
        : handler.added?.(entry.key, entry.value, entry),
    );
  }

  /**
   * Forgets an object. With a uid, only if that is the one cached: a late deletion of a predecessor does not remove
   * its successor. `last` is the final version that the deletion carried.
   */
  remove(key: string, uid?: string, last?: T): void {
    const entry = this.entries.get(key);
    if (!entry || (uid !== undefined && entry.uid !== uid)) return;
    this.unlink(entry);
    this.entries.delete(key);
    this.notify(key, (handler) => handler.deleted?.(key, last ?? entry.value, entry));
  }

  /** Notes that the object under the key now has this uid: a cached object with another uid is gone. */
  keepOnly(key: string, uid: string): void {
    if (this.entries.get(key)?.uid !== uid) this.remove(key);
  }

  /** Offers a cached object to the handlers again, as `resynced`. */
  offer(key: string): void {
    const entry = this.entries.get(key);
    if (entry) this.notify(key, (handler) => handler.resynced?.(key, entry.value));
  }

  /**
   * Makes the cache equal to a complete list, of one namespace or of everything, and calls the handlers for the differences.
   * `keep` names objects (key to uid) that the list had but that could not be decoded: their older copies stay.
   */
  replace(list: readonly Entry<T>[], scope?: string, keep?: ReadonlyMap<string, string>): ReplaceResult {
    const seen = new Set<string>();
    let added = 0;
    let updated = 0;
    for (const entry of list) {
      seen.add(entry.key);
      const previous = this.entries.get(entry.key);
      if (previous?.uid === entry.uid && previous.resourceVersion === entry.resourceVersion) {
        this.offer(entry.key);
        continue;
      }
      if (previous?.uid === entry.uid) updated++;
      else added++;
      this.put(entry);
    }
    return { added, updated, deleted: this.sweep(seen, scope, keep) };
  }

  private sweep(seen: ReadonlySet<string>, scope?: string, keep?: ReadonlyMap<string, string>): number {
    const prefix = scope ? `${scope}/` : '';
    const gone: string[] = [];
    for (const [key, entry] of this.entries) {
      if (!seen.has(key) && key.startsWith(prefix) && keep?.get(key) !== entry.uid) gone.push(key);
    }
    for (const key of gone) this.remove(key);
    return gone.length;
  }

  private index(name: string): Index<T> {
    const index = this.indexes.get(name);
    if (!index) throw new Error(`the store has no index "${name}"; it has: ${[...this.indexes.keys()].join(', ')}`);
    return index;
  }

  private link(entry: Entry<T>): void {
    for (const index of this.indexes.values()) {
      for (const value of this.valuesOf(index, entry)) {
        const bucket = index.buckets.get(value);
        if (bucket) bucket.set(entry.key, entry);
        else index.buckets.set(value, new Map([[entry.key, entry]]));
      }
    }
  }

  private unlink(entry: Entry<T>): void {
    for (const index of this.indexes.values()) {
      for (const value of this.valuesOf(index, entry)) {
        const bucket = index.buckets.get(value);
        bucket?.delete(entry.key);
        if (bucket?.size === 0) index.buckets.delete(value);
      }
    }
  }

  /** An index function that throws finds the object under nothing, and is reported like a handler. */
  private valuesOf(index: Index<T>, entry: Entry<T>): readonly string[] {
    try {
      return index.compute(entry.value);
    } catch (error) {
      this.onHandlerError(error, entry.key);
      return [];
    }
  }

  private notify(key: string, deliver: (handler: StoreHandler<T>) => void): void {
    for (const handler of this.handlers) this.call(key, () => deliver(handler));
  }

  private call(key: string, deliver: () => void): void {
    try {
      deliver();
    } catch (error) {
      this.onHandlerError(error, key);
    }
  }
}
