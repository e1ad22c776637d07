import { objectKey, type SweepPlan } from '../../api/index.ts';
import { type ArtifactStore, buildSweepPod, type Pod, SWEEP_POD, sweepResult } from '../../pods/index.ts';
import {
  type Clock,
  isNotFound,
  type KubeClient,
  PODS,
  type ReconcileContext,
  type Result,
} from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Stores } from '../stores/stores.ts';

export interface SweepDeps {
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'runs' | 'pods'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** What is swept, and how often at most. */
export interface SweepSettings {
  readonly everyMs: number;
  /** The store of artifacts, which a pod with its Secret sweeps in each namespace. */
  readonly store: ArtifactStore | undefined;
  /** Sweeps the store of logs, of which the operator has the credentials. */
  readonly sweepLogs: ((plan: Omit<SweepPlan, 'store'>, live: readonly string[]) => Promise<void>) | undefined;
}

const LOOK_AGAIN_MS = 5_000;
/** Uids that a pod is told as arguments; a namespace with more runs is left to its administrator. */
const MAX_LIVE = 20_000;
/** Clocks differ by minutes at most; where sweeps come quickly, as in tests, by less. */
const MAX_SKEW_MS = 300_000;

/**
 * Deletes what runs have left in stores after they are gone: level by level, so that what was missed once goes the next
 * time. A namespace is swept a while after a run of it was deleted, and at most once in that while.
 */
export class Sweeper {
  readonly #deps: SweepDeps;
  readonly #settings: SweepSettings;
  /** Monotonic time at which a namespace is due. */
  readonly #due = new Map<string, number>();
  /** Namespaces in which a pod of ours had something to store. */
  readonly #storing = new Set<string>();

  constructor(deps: SweepDeps, settings: SweepSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Pods of the namespace store artifacts. */
  noteStoring(namespace: string): void {
    this.#storing.add(namespace);
  }

  /** A run of the namespace was deleted. Returns the milliseconds until it is swept, unless that is known. */
  noteDeleted(namespace: string): number | undefined {
    const { everyMs, sweepLogs } = this.#settings;
    if (this.#due.has(namespace) || !(sweepLogs || this.#storing.has(namespace))) return undefined;
    this.#due.set(namespace, this.#deps.clock.monotonic() + everyMs);
    return everyMs;
  }

  async reconcile(namespace: string, { signal, logger }: ReconcileContext): Promise<Result> {
    if (await this.#isSweeping(namespace, { signal, logger })) return { requeueAfter: LOOK_AGAIN_MS };
    const due = this.#due.get(namespace);
    if (due === undefined) return {};
    const left = due - this.#deps.clock.monotonic();
    if (left > 0) return { requeueAfter: left };
    const { store, sweepLogs, everyMs } = this.#settings;
    const live = this.#liveIn(namespace);
    const plan = { namespace, asOf: this.#deps.clock.now(), skewMs: Math.min(MAX_SKEW_MS, everyMs / 2) };
    await sweepLogs?.(plan, live);
    this.#due.delete(namespace);
    if (!store || !this.#storing.has(namespace)) return {};
    if (live.length > MAX_LIVE) {
      logger.warn({ namespace, runs: live.length }, 'too many runs for an artifact sweep');
      return {};
    }
    const pod = buildSweepPod(store, { ...plan, store: store.address }, live);
    await this.#deps.client.create(PODS, pod, { signal, urgency: 'background', answer: 'Unread' });
    return { requeueAfter: LOOK_AGAIN_MS };
  }

  /** Whether a pod sweeps the namespace. One that has ended is taken away. */
  async #isSweeping(
    namespace: string,
    { signal, logger }: Pick<ReconcileContext, 'signal' | 'logger'>,
  ): Promise<boolean> {
    if (!this.#storing.has(namespace)) return false;
    const { client, metrics } = this.#deps;
    const ref = { namespace, name: SWEEP_POD };
    try {
      const pod = await client.get<Pod>(PODS, ref, { signal });
      const result = sweepResult(pod);
      if (!result) return true;
      if (!pod.metadata.deletionTimestamp) {
        metrics.artifactSweeps.inc({ result });
        if (result === 'Failed') logger.warn({ namespace }, 'artifact sweep failed; check its store and Secret');
      }
      await client.delete(PODS, ref, { signal, gracePeriodSeconds: 0 });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #liveIn(namespace: string): string[] {
    const { runs } = this.#deps.stores;
    const prefix = objectKey({ namespace, name: '' });
    return [...runs.keys()].flatMap((key) => (key.startsWith(prefix) ? (runs.get(key)?.metadata.uid ?? []) : []));
  }
}
