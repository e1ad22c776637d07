import { LABEL_CACHE, LABEL_RUN_UID } from '../../api/index.ts';
import {
  CONFIG_MAPS,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubeClient,
  type ObjectRef,
} from '../../runtime/index.ts';
import type { CacheMap } from './entry.ts';

/** Entries that are looked at in one sweep of a namespace. */
const SWEEP_PAGE = 500;

/** The ConfigMaps of cached results. A write that comes second changes nothing and says so. */
export class CacheMaps {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  async read(ref: ObjectRef): Promise<CacheMap | undefined> {
    try {
      return await this.#client.get<CacheMap>(CONFIG_MAPS, ref);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** @returns whether it was created; not when there is one of its name */
  async create(entry: CacheMap): Promise<boolean> {
    try {
      await this.#client.create(CONFIG_MAPS, entry, { urgency: 'high', answer: 'Unread' });
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      throw error;
    }
  }

  /** @returns whether `entry` took the place of `read`; not when that has changed since */
  async replace(read: CacheMap, entry: CacheMap): Promise<boolean> {
    const { resourceVersion = '' } = read.metadata;
    try {
      await this.#client.replace(CONFIG_MAPS, { ...entry, metadata: { ...entry.metadata, resourceVersion } });
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  /** Deletes the entry unless it has changed. */
  async delete({ metadata }: CacheMap, signal?: AbortSignal): Promise<void> {
    const { uid = '', resourceVersion = '' } = metadata;
    try {
      await this.#client.delete(CONFIG_MAPS, metadata, {
        preconditions: { uid, resourceVersion },
        urgency: 'background',
        signal,
      });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  /** What a run began to compute. */
  async pendingOf(namespace: string, uid: string): Promise<readonly CacheMap[]> {
    const labelSelector = `${LABEL_CACHE},${LABEL_RUN_UID}=${uid}`;
    return (await this.#client.list<CacheMap>(CONFIG_MAPS, { namespace, labelSelector, limit: SWEEP_PAGE })).items;
  }

  /** Entries of a namespace, one page of them. */
  async some(
    namespace: string,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<{ items: CacheMap[]; next: string | undefined }> {
    const page = { namespace, labelSelector: LABEL_CACHE, limit: SWEEP_PAGE, continue: token };
    const { items, metadata } = await this.#client.list<CacheMap>(CONFIG_MAPS, page, { signal, urgency: 'background' });
    return { items, next: metadata.continue || undefined };
  }
}
