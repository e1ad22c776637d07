import type { Proves } from '../../api/index.ts';
import { BoundedMap } from '../../bounds/index.ts';
import { type Clock, isForbidden, isGone, type KubeClient, type Result } from '../../runtime/index.ts';
import type { HolderState } from '../permits/ledger.ts';
import { CacheMaps } from './cache-maps.ts';
import { type CacheHolder, type CacheMap, nameOfEntry, readEntry } from './entry.ts';

export interface CacheSweepOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Which entries the operator wrote. */
  readonly proves: Proves;
  /** What has become of the attempt that computes a result. */
  readonly holderState: (namespace: string, holder: CacheHolder) => HolderState;
}

/** How long after a result was stored its namespace is swept, and how often at most. The first result is swept for at once. */
export const SWEEP_AFTER_MS = 10 * 60_000;
/** Namespaces that are remembered as swept before; one that is forgotten is swept once more. */
const MAX_NAMESPACES = 10_000;
/** Pages of entries that one sweep looks at; what lies behind them is found when entries before were deleted. */
const MAX_PAGES = 4;

interface Due {
  /** Monotonic time. */
  readonly at: number;
  /** Pages that were looked at, and where the next one begins. */
  readonly pages: number;
  readonly token: string | undefined;
}

/** Deletes cached results that nobody may use any more, one page at a time. Nothing waits for it. */
export class CacheSweep {
  readonly #options: CacheSweepOptions;
  readonly #maps: CacheMaps;
  /** Namespaces that are to be swept. */
  readonly #due = new Map<string, Due>();
  /** Namespaces that this process has swept. */
  readonly #swept = new BoundedMap<true>({ max: MAX_NAMESPACES });

  constructor(options: CacheSweepOptions) {
    this.#options = options;
    this.#maps = new CacheMaps(options.client);
  }

  /** How many namespaces are to be swept. */
  get size(): number {
    return this.#due.size;
  }

  /** A result was stored. Returns the milliseconds until its namespace is swept, unless that is known. */
  noteStored(namespace: string): number | undefined {
    if (this.#due.has(namespace)) return undefined;
    const wait = this.#swept.get(namespace) ? SWEEP_AFTER_MS : 0;
    this.#swept.set(namespace, true);
    this.#due.set(namespace, { at: this.#options.clock.monotonic() + wait, pages: 0, token: undefined });
    return wait;
  }

  /** Looks at the next page of entries, if it is time. A sweep that fails is left to the next result that is stored. */
  async sweep(namespace: string, signal: AbortSignal): Promise<Result> {
    const due = this.#due.get(namespace);
    if (!due) return {};
    const left = due.at - this.#options.clock.monotonic();
    if (left > 0) return { requeueAfter: left };
    this.#due.delete(namespace);
    try {
      const { items, next } = await this.#maps.some(namespace, due.token, signal);
      for (const map of items) if (this.#isWaste(namespace, map)) await this.#maps.delete(map, signal);
      if (next === undefined || due.pages + 1 >= MAX_PAGES) return {};
      this.#due.set(namespace, { ...due, pages: due.pages + 1, token: next });
      return { requeue: true };
    } catch (error) {
      if (isForbidden(error) || isGone(error)) return {};
      throw error;
    }
  }

  /** What only carries our label is left alone; entries of before there were proofs have the name of one. */
  #isWaste(namespace: string, map: CacheMap): boolean {
    const { proves, clock, holderState } = this.#options;
    const { isProven, digest = '', result, holder, maxAgeMs } = readEntry(proves, map);
    if (map.metadata.name !== nameOfEntry(digest)) return false;
    if (!isProven) return true;
    if (result) return clock.now() - result.at >= maxAgeMs;
    return !holder || holderState(namespace, holder) === 'Free';
  }
}
