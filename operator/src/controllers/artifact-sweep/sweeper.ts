import { objectKey, type SweepPlan, type SweepReport } from '../../api/index.ts';
import { type ArtifactStore, buildSweepPod, type Pod, SWEEP_POD, sweepMessage, sweepResult } from '../../pods/index.ts';
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
import { clusterUid } from './cluster-uid.ts';
import { reportIn, tellOfFailure, tellOfSweep } from './report.ts';
import { mayStoreArtifacts } from './sources.ts';

export interface SweepDeps {
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'runs' | 'pods' | 'workflows' | 'templates' | 'clusterTemplates'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Which stores are swept, and how often at most. */
export interface SweepSettings {
  readonly everyMs: number;
  /** The store of artifacts, which a pod with its Secret sweeps in each namespace. */
  readonly store: ArtifactStore | undefined;
  /**
   * Whether the operator can read the uid of the cluster, by which stores of two clusters are told apart. Where it serves
   * single namespaces, it may not list Namespaces.
   */
  readonly knowsCluster: boolean;
  /** Sweeps the store of logs, of which the operator has the credentials. */
  readonly sweepLogs: ((plan: Omit<SweepPlan, 'store'>, live: readonly string[]) => Promise<SweepReport>) | undefined;
}

type Plan = Omit<SweepPlan, 'store'>;

const LOOK_AGAIN_MS = 5_000;
/** Uids that a pod is told as arguments; a namespace with more runs is left to its administrator. */
const MAX_LIVE = 20_000;
/** Clocks differ by minutes at most; where sweeps come quickly, as in tests, by less. */
const MAX_SKEW_MS = 300_000;

/**
 * Deletes artifacts and logs of runs that are gone. A sweep compares the store with the runs that exist, so each one also
 * covers everything that earlier ones have missed. A namespace is swept a while after a run of it was deleted, and at most
 * once in that while.
 */
export class Sweeper {
  readonly #deps: SweepDeps;
  readonly #settings: SweepSettings;
  /** Monotonic time at which a namespace is due. */
  readonly #due = new Map<string, number>();
  /** Namespaces in which a pod of ours had something to store. */
  readonly #storing = new Set<string>();
  /** Namespaces that were found when the process began. */
  readonly #found = new Set<string>();
  #cluster: string | undefined;

  constructor(deps: SweepDeps, settings: SweepSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Pods of the namespace store artifacts. */
  noteStoring(namespace: string): void {
    this.#storing.add(namespace);
  }

  /** A run of the namespace was deleted. Returns the milliseconds until the sweep, unless one is due already. */
  noteDeleted(namespace: string): number | undefined {
    if (this.#due.has(namespace) || !(this.#settings.sweepLogs || this.#mayStore(namespace))) return undefined;
    return this.#setDue(namespace);
  }

  /** The namespace has a Workflow from before this process. Returns the milliseconds until its first sweep, once. */
  noteFound(namespace: string): number | undefined {
    if (this.#found.has(namespace)) return undefined;
    this.#found.add(namespace);
    return this.#due.has(namespace) ? undefined : this.#setDue(namespace);
  }

  async reconcile(namespace: string, context: Pick<ReconcileContext, 'signal' | 'logger'>): Promise<Result> {
    if (await this.#isSweeping(namespace, context)) return { requeueAfter: LOOK_AGAIN_MS };
    const due = this.#due.get(namespace);
    if (due === undefined) return {};
    const left = due - this.#deps.clock.monotonic();
    if (left > 0) return { requeueAfter: left };
    const live = this.#liveIn(namespace);
    const skewMs = Math.min(MAX_SKEW_MS, this.#settings.everyMs / 2);
    const asOf = this.#deps.clock.now();
    const plan = { namespace, asOf, skewMs, cluster: await this.#clusterUid(context) };
    this.#due.delete(namespace);
    await this.#sweepLogs(plan, live, context);
    const isStarted = await this.#startPod(plan, live, context);
    return { requeueAfter: isStarted ? LOOK_AGAIN_MS : this.#leftUntilDue(namespace) };
  }

  async #sweepLogs(plan: Plan, live: readonly string[], context: Pick<ReconcileContext, 'logger'>): Promise<void> {
    const { sweepLogs } = this.#settings;
    if (!sweepLogs) return;
    try {
      this.#note(plan.namespace, await sweepLogs(plan, live), context);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      tellOfFailure(plan.namespace, message, { metrics: this.#deps.metrics, ...context });
    }
  }

  /** Starts the pod that sweeps artifacts, where there may be any. Returns whether it did. */
  async #startPod(plan: Plan, live: readonly string[], context: Pick<ReconcileContext, 'signal' | 'logger'>) {
    const { namespace } = plan;
    const { store } = this.#settings;
    if (!store || !this.#mayStore(namespace)) return false;
    if (live.length > MAX_LIVE) {
      context.logger.warn({ namespace, runs: live.length }, 'too many runs for an artifact sweep');
      return false;
    }
    const pod = buildSweepPod(store, { ...plan, store: store.address }, live);
    try {
      const { signal } = context;
      await this.#deps.client.create(PODS, pod, { signal, urgency: 'background', answer: 'Unread' });
      return true;
    } catch (error) {
      // The namespace is gone, and nobody can sweep there.
      if (!isNotFound(error)) throw error;
      this.#storing.delete(namespace);
      return false;
    }
  }

  /** Whether a pod sweeps the namespace. One that has ended is deleted, and what it reports is noted. */
  async #isSweeping(namespace: string, context: Pick<ReconcileContext, 'signal' | 'logger'>): Promise<boolean> {
    if (!this.#settings.store || !this.#mayStore(namespace)) return false;
    const { client, metrics } = this.#deps;
    const ref = { namespace, name: SWEEP_POD };
    try {
      const pod = await client.get<Pod>(PODS, ref, { signal: context.signal });
      const result = sweepResult(pod);
      if (!result) return true;
      if (!pod.metadata.deletionTimestamp) {
        const message = sweepMessage(pod);
        if (result === 'Succeeded') this.#note(namespace, reportIn(message), context);
        else tellOfFailure(namespace, message, { metrics, logger: context.logger });
      }
      await client.delete(PODS, ref, { signal: context.signal, gracePeriodSeconds: 0 });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #note(namespace: string, report: SweepReport, { logger }: Pick<ReconcileContext, 'logger'>): void {
    tellOfSweep(namespace, report, { metrics: this.#deps.metrics, logger });
    if (report.more && !this.#due.has(namespace)) this.#setDue(namespace);
  }

  #setDue(namespace: string): number {
    const { everyMs } = this.#settings;
    this.#due.set(namespace, this.#deps.clock.monotonic() + everyMs);
    return everyMs;
  }

  #leftUntilDue(namespace: string): number | undefined {
    const due = this.#due.get(namespace);
    return due === undefined ? undefined : Math.max(1, due - this.#deps.clock.monotonic());
  }

  #mayStore(namespace: string): boolean {
    return this.#storing.has(namespace) || mayStoreArtifacts(this.#deps.stores, namespace);
  }

  async #clusterUid(context: Pick<ReconcileContext, 'signal'>): Promise<string | undefined> {
    if (this.#settings.knowsCluster) this.#cluster ??= await clusterUid(this.#deps.client, context.signal);
    return this.#cluster;
  }

  #liveIn(namespace: string): string[] {
    const { runs } = this.#deps.stores;
    const prefix = objectKey({ namespace, name: '' });
    return [...runs.keys()].flatMap((key) => (key.startsWith(prefix) ? (runs.get(key)?.metadata.uid ?? []) : []));
  }
}
