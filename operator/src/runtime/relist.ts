import { type KubeObject, objectKey } from '../objects/index.ts';
import { listAll } from './paged-list.ts';
import type { ReflectorContext } from './reflector-options.ts';

/** How long the watch may lag behind a list, ms, at most: a difference that it has not explained by then is a missed event. */
const LAG_MS = 10_000;

/**
 * A periodic list beside the watch. It only compares: the list may be older than events that the watch has delivered
 * meanwhile, and versions cannot be ordered, so nothing of it is stored. An object that differs from the cache is a suspect
 * until the watch delivers an event of it; a suspect that is left once the watch has had time to catch up was missed.
 *
 * Objects that the list has as they are cached are offered to the handlers again, page by page.
 */
export class Relist<T> {
  readonly #context: ReflectorContext<T>;
  readonly #namespace: string | undefined;
  readonly #suspects = new Set<string>();
  /** Objects of which the watch has delivered an event since the list began. */
  readonly #told = new Set<string>();

  constructor(context: ReflectorContext<T>, namespace: string | undefined) {
    this.#context = context;
    this.#namespace = namespace;
  }

  /** Notes that the watch delivered an event of this object: the list no longer matters for it. */
  told(key: string): void {
    this.#told.add(key);
    this.#suspects.delete(key);
  }

  /** Resolves to the number of objects whose events the watch missed. @throws like every call of the client */
  async missed(signal: AbortSignal): Promise<number> {
    const { store, clock, heard } = this.#context;
    const before = new Set(store.keys());
    await this.#compare(before, signal);
    heard();
    const prefix = this.#namespace ? `${this.#namespace}/` : '';
    for (const key of before) if (key.startsWith(prefix)) this.#suspect(key);
    if (this.#suspects.size > 0) await clock.sleep(Math.min(LAG_MS, this.#context.relistPeriodMs / 100), signal);
    return this.#suspects.size;
  }

  /** Reads the list; leaves in `unseen` the keys that it does not have. */
  async #compare(unseen: Set<string>, signal: AbortSignal): Promise<void> {
    const { client, type, labelSelector, fieldSelector, pageLimit } = this.#context.options;
    await listAll(client, {
      type,
      query: { namespace: this.#namespace, labelSelector, fieldSelector },
      limit: pageLimit ?? 500,
      signal,
      onItem: (object) => {
        const key = objectKey(object.metadata);
        unseen.delete(key);
        if (this.#isCached(key, object)) this.#context.store.offer(key);
        else if (!this.#isUndecodable(key, object)) this.#suspect(key);
      },
      // An object that is gone when a list starts over was deleted meanwhile: the watch delivers that.
      onRestart: () => undefined,
    });
  }

  #isCached(key: string, { metadata: { uid, resourceVersion } }: KubeObject): boolean {
    const cached = this.#context.store.entry(key);
    return cached !== undefined && cached.uid === uid && cached.resourceVersion === resourceVersion;
  }

  /** Of an object that cannot be decoded the cache has nothing, or an older copy. */
  #isUndecodable(key: string, object: KubeObject): boolean {
    const cached = this.#context.store.entry(key);
    const mayBe = cached === undefined || cached.uid === object.metadata.uid;
    return mayBe && this.#context.toEntry(object) === undefined;
  }

  #suspect(key: string): void {
    if (!this.#told.has(key)) this.#suspects.add(key);
  }
}
