import {
  type Holder,
  MAX_HOLDERS,
  mergeConditions,
  rateOf,
  type Semaphore,
  type SemaphoreSpec,
  type SemaphoreStatus,
} from '../../api/index.ts';
import { BoundedMap, type Bucket, drained, takeable } from '../../bounds/index.ts';
import {
  type Clock,
  isConflict,
  isPatchMismatch,
  type KubeClient,
  type ObjectRef,
  type ResourceType,
} from '../../runtime/index.ts';
import { holderKey, readHolders, writeHolders } from './holder.ts';

const MAX_ROUNDS = 4;
/** How old the number of those who wait may be. */
export const SHOW_AFTER_MS = 5_000;

export interface AccountOptions {
  readonly client: KubeClient;
  readonly resource: ResourceType;
  readonly clock: Clock;
}

/**
 * One Semaphore as the operator keeps it. Its status is the lock; what is here is that status and what is about to be
 * written. Invariants:
 * 1. Nothing counts as held before the status says so; `save` resolves when it does.
 * 2. Every write is conditional on the number of the one before. After a write whose outcome is unknown the object is
 *    read first; what no longer fits then is taken back, which whoever asked for it sees by `isHeld`.
 * 3. One write at a time; all that changes while it is under way goes into the next one.
 */
export class Account {
  readonly key: string;
  readonly #ref: ObjectRef;
  readonly #options: AccountOptions;
  /** Who holds permits, as the status says or is about to say. */
  readonly #holders = new Map<string, Holder>();
  /** Those that no status said yet. */
  readonly #unsaved = new Set<string>();
  /** Those that the status still names and that hold no more. */
  readonly #released = new Set<string>();
  /** The number of the newest grant of each share; the share that was served longest ago is dropped first. */
  readonly #served = new BoundedMap<number>({ max: MAX_HOLDERS });
  #bucket: Bucket = { taken: 0, at: 0 };
  #spec: SemaphoreSpec = { permits: 1 };
  #stored: Semaphore | undefined;
  #isDoubtful = true;
  #grants = 0;
  #savedAt = Number.NEGATIVE_INFINITY;
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** How many wait, for people. */
  waiting = 0;

  constructor(key: string, ref: ObjectRef, options: AccountOptions) {
    this.key = key;
    this.#ref = ref;
    this.#options = options;
  }

  /** Whether the holders are known. */
  get isReady(): boolean {
    return this.#stored !== undefined;
  }

  get spec(): SemaphoreSpec {
    return this.#spec;
  }

  get bucket(): Bucket {
    return this.#bucket;
  }

  /** The holders, the oldest first. */
  get holders(): IterableIterator<Holder> {
    return this.#holders.values();
  }

  get size(): number {
    return this.#holders.size;
  }

  get held(): number {
    let held = 0;
    for (const { permits } of this.#holders.values()) held += permits;
    return held;
  }

  /** Permits that could be taken now. */
  get free(): number {
    if (this.#holders.size >= MAX_HOLDERS) return 0;
    const free = this.#spec.permits - this.held;
    const { rate } = this.#spec;
    return rate ? Math.min(free, takeable(rateOf(rate), this.#bucket, this.#options.clock.now())) : free;
  }

  isHeld(key: string): boolean {
    return this.#holders.has(key);
  }

  /** Whether the status says that it is held. */
  isSaved(key: string): boolean {
    return this.#holders.has(key) && !this.#unsaved.has(key);
  }

  heldByShare(): Map<string, number> {
    const held = new Map<string, number>();
    for (const { share = '', permits } of this.#holders.values()) held.set(share, (held.get(share) ?? 0) + permits);
    return held;
  }

  servedAt(share: string): number {
    return this.#served.get(share) ?? 0;
  }

  /** Takes in what people wrote. */
  observe({ metadata, spec }: Semaphore): void {
    const isOlder = (metadata.generation ?? 0) < (this.#stored?.metadata.generation ?? 0);
    if (metadata.uid === this.#stored?.metadata.uid && isOlder) return;
    this.#spec = spec;
    if (this.#stored && metadata.uid !== this.#stored.metadata.uid) this.#isDoubtful = true;
  }

  /** Reads the object if this process does not know it. @throws ApiError 404 when there is none */
  async ready(): Promise<void> {
    if (this.#isDoubtful) await this.save();
  }

  /** Gives permits. They count when `save` has resolved and `isHeld` still says so. */
  grant(holder: Holder): void {
    const key = holderKey(holder);
    this.#holders.set(key, holder);
    this.#unsaved.add(key);
    this.#released.delete(key);
    this.#served.set(holder.share ?? '', ++this.#grants);
    this.#take(holder.permits);
  }

  /** Takes permits back; the next `save` says so. */
  release(key: string): boolean {
    this.#unsaved.delete(key);
    const held = this.#holders.delete(key);
    if (held) this.#released.add(key);
    return held;
  }

  /** Whether the status says something else than what is so. How many wait is worth no write of its own for a while. */
  get isDirty(): boolean {
    const { status = {} } = this.#stored ?? {};
    const isLate = this.#options.clock.monotonic() - this.#savedAt >= SHOW_AFTER_MS;
    if (isLate && (status.waiting ?? 0) !== this.waiting) return true;
    return JSON.stringify(substance(this.#status())) !== JSON.stringify(substance(status));
  }

  /** Writes what has changed by the time of the write. Whoever changed something before is in it. */
  save(): Promise<void> {
    this.#next ??= this.#saveAfter(this.#current);
    return this.#next;
  }

  async #saveAfter(current: Promise<void> | undefined): Promise<void> {
    await current?.catch(() => undefined);
    // The starts of one moment share a write.
    await new Promise((resolve) => setImmediate(resolve));
    this.#current = this.#next;
    this.#next = undefined;
    await this.#write();
  }

  async #write(): Promise<void> {
    for (let round = 1; ; round++) {
      if (this.#isDoubtful) await this.#load();
      if (!this.isDirty) return this.#released.clear();
      const saving = [...this.#unsaved];
      const freeing = [...this.#released];
      this.#isDoubtful = true;
      try {
        this.#stored = await this.#patch();
        this.#savedAt = this.#options.clock.monotonic();
        this.#isDoubtful = false;
        without(this.#unsaved, saving);
        without(this.#released, freeing);
        return;
      } catch (error) {
        if (!(isPatchMismatch(error) || isConflict(error)) || round === MAX_ROUNDS) throw error;
      }
    }
  }

  #patch(): Promise<Semaphore> {
    const stored = this.#stored as Semaphore;
    const { client, resource } = this.#options;
    const seq = stored.status?.seq;
    const test =
      seq === undefined
        ? { path: '/metadata/resourceVersion', value: stored.metadata.resourceVersion }
        : { path: '/status/seq', value: seq };
    const operations = [
      { op: 'test', path: '/metadata/uid', value: stored.metadata.uid },
      { op: 'test', ...test },
      { op: 'add', path: '/status', value: { ...this.#status(), seq: (seq ?? 0) + 1 } },
    ] as const;
    return client.patch<Semaphore>(
      resource,
      this.#ref,
      { kind: 'json', operations },
      {
        subresource: 'status',
        urgency: 'high',
      },
    );
  }

  /** Makes the holders those of the object, and those of ours that still fit. */
  async #load(): Promise<void> {
    const { client, resource } = this.#options;
    const seen = await client.get<Semaphore>(resource, this.#ref);
    // Made anew under its name: whoever held the old one still does.
    const isOther = this.#stored !== undefined && this.#stored.metadata.uid !== seen.metadata.uid;
    const ours = [...this.#holders].filter(([key]) => isOther || this.#unsaved.has(key));
    this.#stored = seen;
    this.#spec = seen.spec;
    this.#isDoubtful = false;
    this.#holders.clear();
    this.#unsaved.clear();
    for (const holder of readHolders(seen.status ?? {})) {
      const key = holderKey(holder);
      if (!this.#released.has(key)) this.#holders.set(key, holder);
    }
    const { taken = 0, windowStart } = seen.status ?? {};
    this.#bucket = { taken, at: windowStart === undefined ? 0 : Date.parse(windowStart) };
    for (const [key, holder] of ours) {
      if (this.#holders.has(key) || !(isOther || holder.permits <= this.free)) continue;
      this.#holders.set(key, holder);
      this.#unsaved.add(key);
      this.#take(holder.permits);
    }
  }

  #take(permits: number): void {
    const { rate } = this.#spec;
    if (!rate) return;
    const { taken, at } = drained(rateOf(rate), this.#bucket, this.#options.clock.now());
    this.#bucket = { taken: taken + permits, at };
  }

  #status(): SemaphoreStatus {
    const { generation } = this.#stored?.metadata ?? {};
    const message = 'permits are granted as they become free';
    const wish = { type: 'Ready', status: 'True', reason: 'Valid', message } as const;
    const now = `${new Date(this.#options.clock.now()).toISOString().slice(0, 19)}Z`;
    const { taken, at } = this.#bucket;
    return {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: mergeConditions(this.#stored?.status?.conditions, [wish], generation, now),
      held: this.held,
      waiting: this.waiting,
      ...(this.#spec.rate ? { taken, windowStart: new Date(at).toISOString() } : {}),
      ...writeHolders([...this.#holders.values()]),
    };
  }
}

function without(keys: Set<string>, done: readonly string[]): void {
  for (const key of done) keys.delete(key);
}

/** What a write is worth: not the number of those who wait, which rides along. */
function substance({ observedGeneration, held, taken, windowStart, holders = [], more }: SemaphoreStatus) {
  return [observedGeneration, held, taken, windowStart, holders.map(holderKey), more];
}
