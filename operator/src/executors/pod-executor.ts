import {
  type ArtifactPolicy,
  FINALIZER_RESULT,
  type ObjectMeta,
  objectId,
  objectKey,
  type RenderedTask,
} from '../api/index.ts';
import {
  type ArtifactStore,
  buildPod,
  graceOf,
  hasArtifacts,
  hasResultFinalizer,
  observePod,
  type Pod,
  podName,
  trimPod,
} from '../pods/index.ts';
import {
  type Clock,
  type DeleteOptions,
  isAlreadyExists,
  isControlledBy,
  isNotFound,
  isPatchMismatch,
  type KubeClient,
  PODS,
  type Store,
} from '../runtime/index.ts';
import { WorkspaceClaims } from './claims.ts';
import { earliest } from './earliest.ts';
import type { Attempt, Executor, Observation, Refusal, RunContext, Seen, StartRequest, Stranger } from './executor.ts';
import { CACHE_LAG_MS, Expectations } from './expectations.ts';
import { attemptOf, disrupted, type Identities, type Known, strangerOf, type Verdict } from './identity.ts';
import { endingOf, isOutlived, OutlivedPods } from './outlived-pods.ts';
import { PodEvents } from './pod-events.ts';
import { refusalOf } from './refusal.ts';

const CREATES_AT_ONCE = 32;

export interface PodExecutorOptions {
  readonly client: KubeClient;
  readonly pods: Store<Pod>;
  readonly clock: Clock;
  readonly identities: Identities;
  /** Has a run looked at again that nothing else would tell of: what it started is not there. */
  readonly wake?: ((run: RunContext) => void) | undefined;
  /** Whether a pod whose result is recorded is to be deleted (retention). */
  readonly deletes: (run: RunContext, pod: Pod) => boolean;
  /** Where artifacts are kept; tasks that have some are refused without. */
  readonly artifacts?: ArtifactSettings | undefined;
  /** Keeps the log of a finished pod that is about to be let go; it never throws, and takes a bounded time. */
  readonly archive?: ((run: RunContext, pod: Pod) => Promise<void>) | undefined;
}

export interface ArtifactSettings {
  readonly store: ArtifactStore;
  readonly policyOf: (run: RunContext) => ArtifactPolicy;
}

const NO_STORE: Refusal = {
  phase: 'Refused',
  reason: 'ArtifactFailed',
  message: 'the operator has no artifact store; start it with --artifact-store',
  retry: false,
};

/** The index of the pod store that finds the pods of a run. */
export const PODS_BY_RUN_UID = 'run-uid';

/** Runs each attempt as one pod with a name that only this attempt can have. */
export class PodExecutor implements Executor {
  private readonly options: PodExecutorOptions;
  /** Uids of pods whose finalizer was removed: until the cache has caught up they are not let go of again. */
  private readonly released = new Set<string>();

  private readonly expectations: Expectations;
  private readonly claims: WorkspaceClaims;
  private readonly outlived: OutlivedPods;
  private readonly events: PodEvents;

  constructor(options: PodExecutorOptions) {
    const { client, clock, wake = () => undefined } = options;
    this.options = options;
    this.expectations = new Expectations(options.pods, clock);
    this.claims = new WorkspaceClaims(client);
    this.outlived = new OutlivedPods(client, clock);
    this.events = new PodEvents({ client, clock, wake });
    options.pods.subscribe({
      added: (_key, { metadata }) => options.identities.saw('Pod', metadata),
      updated: (_key, pod) => {
        if (!hasResultFinalizer(pod)) this.released.delete(pod.metadata.uid ?? '');
      },
      deleted: (_key, { metadata: { uid = '' } }) => {
        this.released.delete(uid);
        this.outlived.forget(uid);
        this.events.forget(uid);
      },
    });
  }

  async start(run: RunContext, request: StartRequest<RenderedTask>): Promise<Refusal | undefined> {
    const { client, artifacts } = this.options;
    if (!artifacts && hasArtifacts(request.task)) return NO_STORE;
    const store = artifacts && { store: artifacts.store, policy: artifacts.policyOf(run) };
    const name = podName(run.name, run.uid, request.path, request.attempt);
    const proof = this.options.identities.proofOf('Pod', name, run, request);
    const manifest = buildPod({ run, ...request, proof, workspaces: run.workspaces, artifacts: store });
    const key = objectKey(manifest.metadata);
    const cached = this.options.pods.get(key);
    // Created a moment ago, when another start of the same decision was refused.
    if (cached ? this.judge(run, cached, request) === 'Ours' : this.expectations.pending(key)) return undefined;
    const refusal = request.task.workspaces && (await this.claims.ensure(run, request.task));
    if (refusal) return refusal;
    if (!cached) this.options.identities.making('Pod', manifest.metadata);
    try {
      await client.create(PODS, manifest, { signal: run.signal, urgency: 'high', answer: 'Unread' });
    } catch (error) {
      if (!isAlreadyExists(error)) return refusalOf(error);
      // A stranger's pod has the name: the attempt is lost as soon as it is looked for, and the next has another name.
      const existing = await this.read(run, manifest.metadata);
      if (!existing || this.judge(run, existing, request) !== 'Ours') this.options.wake?.(run);
      return undefined;
    }
    this.expectations.created(key, true);
    return undefined;
  }

  async observe(run: RunContext, live: readonly Known[]): Promise<Observation> {
    const { pods, strangers } = this.recognized(run, live);
    const now = this.options.clock.now();
    const waits: number[] = [];
    const seen = pods.map((pod) => {
      const own = seenPod(pod, attemptOf(pod.metadata), now);
      const { observation, again } = this.events.told(run, pod, own.observation);
      if (again !== undefined) waits.push(again);
      return { ...own, observation };
    });
    const known = new Set(seen.map(keyOf));
    const missing = live.filter((attempt) => !known.has(keyOf(attempt)));
    const asked: Seen[] = [];
    for (let i = 0; i < missing.length; i += CREATES_AT_ONCE) {
      const batch = missing.slice(i, i + CREATES_AT_ONCE);
      asked.push(...(await Promise.all(batch.map((attempt) => this.askFor(run, attempt)))));
    }
    // The node of an ending pod may be silent: then only time says that it is lost.
    const isEnding = pods.some((pod) => pod.metadata.deletionTimestamp !== undefined);
    const recheck = isEnding || asked.some(({ observation }) => observation.phase !== 'Lost');
    const recheckAfter = earliest([...waits, recheck ? CACHE_LAG_MS : undefined]);
    return {
      seen: [...seen, ...asked],
      ...(recheckAfter === undefined ? {} : { recheckAfter }),
      ...(strangers.length > 0 ? { strangers } : {}),
    };
  }

  /** What carries the labels of the run: its pods, and those of others. */
  private recognized(run: RunContext, live: readonly Known[]): { pods: Pod[]; strangers: Stranger[] } {
    const known = new Map(live.map((attempt) => [keyOf(attempt), attempt]));
    const pods: Pod[] = [];
    const strangers: Stranger[] = [];
    for (const pod of this.options.pods.byIndex(PODS_BY_RUN_UID, run.uid)) {
      const attempt = attemptOf(pod.metadata);
      const verdict = this.judge(run, pod, known.get(keyOf(attempt)) ?? attempt);
      if (verdict === 'Ours') pods.push(pod);
      else strangers.push(strangerOf('Pod', pod.metadata, verdict));
    }
    return { pods, strangers };
  }

  private judge(run: RunContext, { metadata }: Pod, known: Known): Verdict {
    if (metadata.name !== podName(run.name, run.uid, known.path, known.attempt)) return 'NoProof';
    const isOwned = () => isControlledBy({ metadata }, run.uid);
    return this.options.identities.judge('Pod', metadata, run, known, isOwned);
  }

  /** A started attempt without a pod in the cache is lost only after a live read says so. */
  private async askFor(run: RunContext, known: Known): Promise<Seen> {
    const { clock } = this.options;
    const attempt = { path: known.path, attempt: known.attempt };
    const name = podName(run.name, run.uid, attempt.path, attempt.attempt);
    if (this.expectations.pending(objectKey({ name, namespace: run.namespace }))) {
      return { ...attempt, observation: { phase: 'Unknown' } };
    }
    const pod = await this.read(run, { name, namespace: run.namespace });
    if (!pod) return { ...attempt, observation: { phase: 'Lost' } };
    const verdict = this.judge(run, pod, known);
    if (verdict === 'Ours') return seenPod(pod, attempt, clock.now());
    return { ...attempt, observation: disrupted('Pod', name, verdict) };
  }

  async cancel(run: RunContext, attempt: Known, graceSeconds?: number): Promise<void> {
    const name = podName(run.name, run.uid, attempt.path, attempt.attempt);
    const ref = { name, namespace: run.namespace };
    // One that was just created may not be in the cache yet. Never by its name alone: somebody else may have taken it.
    const pod = this.options.pods.get(objectKey(ref)) ?? (await this.read(run, ref));
    if (!pod || !(isControlledBy(pod, run.uid) || this.judge(run, pod, attempt) === 'Ours')) return;
    // A pod that stores artifacts has more grace than its task.
    const grace = graceSeconds ?? graceOf(pod);
    if (endsSoonEnough(pod, grace)) return;
    await this.deletePod(pod.metadata, {
      ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
      signal: run.signal,
    });
  }

  private async read(run: RunContext, ref: ObjectMeta): Promise<Pod | undefined> {
    try {
      return trimPod(await this.options.client.get<Pod>(PODS, ref, { signal: run.signal }));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async release(run: RunContext, isSettled: (attempt: Attempt) => boolean, hurry = false): Promise<number | undefined> {
    const held = this.labelled(run).filter(
      (pod) => hasResultFinalizer(pod) && !this.released.has(pod.metadata.uid ?? ''),
    );
    const waits: number[] = [];
    const due = held.flatMap((pod) => {
      const settled = isSettled(attemptOf(pod.metadata)) || this.isForeign(run, pod.metadata, hurry);
      const grace = hurry ? undefined : this.outlived.left(pod);
      const left = grace === undefined || !this.isOurs(run, pod) ? undefined : grace;
      if (left) waits.push(left);
      if (left) return [];
      if (settled) return [() => this.releasePod(run, pod, hurry)];
      // Its artifacts are stored when all else in the pod has ended.
      return left === 0 ? [() => this.outlived.end(pod, run.signal)] : [];
    });
    for (let i = 0; i < due.length; i += CREATES_AT_ONCE) {
      await Promise.all(due.slice(i, i + CREATES_AT_ONCE).map((act) => act()));
    }
    return earliest(waits);
  }

  async discard(run: RunContext): Promise<void> {
    for (const { metadata } of this.labelled(run)) {
      if (!metadata.deletionTimestamp && isControlledBy({ metadata }, run.uid))
        await this.deletePod(metadata, { signal: run.signal });
    }
  }

  /**
   * A pod that is to go is deleted first, while the finalizer still holds it: a crash in between leaves it in sight.
   * Nothing waits for a pod to be let go, unless it is on its way out already.
   */
  private async releasePod(run: RunContext, pod: Pod, hurry: boolean): Promise<void> {
    const { metadata } = pod;
    const index = metadata.finalizers?.indexOf(FINALIZER_RESULT) ?? -1;
    const path = `/metadata/finalizers/${index}`;
    const operations = [
      { op: 'test', path: '/metadata/uid', value: metadata.uid },
      { op: 'test', path, value: FINALIZER_RESULT },
      { op: 'remove', path },
    ] as const;
    const urgency = hurry || metadata.deletionTimestamp ? 'normal' : 'background';
    const options = { signal: run.signal, urgency, answer: 'Unread' } as const;
    // What a run leaves when it is deleted is deleted with it.
    const isOurs = this.isOurs(run, pod);
    if (!hurry && isOurs) await this.options.archive?.(run, pod);
    const deletes = isOurs && !metadata.deletionTimestamp && this.options.deletes(run, pod);
    const ends = isOurs && !deletes && isOutlived(pod);
    try {
      if (deletes) await this.deletePod(metadata, { signal: run.signal, urgency });
      // Noted first: the cache may hear of it before the answer comes.
      this.released.add(metadata.uid ?? '');
      const all = [...operations, ...(ends ? endingOf(pod) : [])];
      await this.options.client.patch(PODS, metadata, { kind: 'json', operations: all }, options);
    } catch (error) {
      this.released.delete(metadata.uid ?? '');
      // Gone, or its finalizers changed since the cache saw it: the next event of the pod comes here again.
      if (!isNotFound(error) && !isPatchMismatch(error)) throw error;
    }
  }

  private isOurs(run: RunContext, pod: Pod): boolean {
    return this.judge(run, pod, attemptOf(pod.metadata)) === 'Ours';
  }

  private async deletePod(meta: ObjectMeta, options: DeleteOptions): Promise<void> {
    const { uid } = meta;
    try {
      await this.options.client.delete(PODS, meta, { ...options, ...(uid ? { preconditions: { uid } } : {}) });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Whatever says in the namespace of the run that it is the run's. */
  private labelled({ namespace, uid }: RunContext): Pod[] {
    return this.options.pods.byIndex(PODS_BY_RUN_UID, uid).filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** A stranger's pod with our finalizer holds no result: it is let go as soon as it is to end, so that it ends. */
  private isForeign(run: RunContext, metadata: ObjectMeta, hurry: boolean): boolean {
    if (!hurry && !metadata.deletionTimestamp) return false;
    if (hurry) return true;
    const isOwned = isControlledBy({ metadata }, run.uid);
    return !isOwned && !this.options.identities.isProven('Pod', metadata, run, attemptOf(metadata));
  }
}

const keyOf = ({ path, attempt }: Attempt) => `${path}#${attempt}`;

function seenPod(pod: Pod, { path, attempt }: Attempt, now: number): Seen {
  const observation = observePod(pod, now);
  const { nodeName } = pod.spec;
  const object = { backend: 'Pod', id: objectId(pod.metadata.uid ?? '') } as const;
  if (observation.phase !== 'Failed' || nodeName === undefined) return { path, attempt, observation, object };
  return { path, attempt, observation: { ...observation, node: nodeName }, object };
}

/** Whether the pod is already ending at least as soon as asked. */
function endsSoonEnough(pod: Pod, graceSeconds: number | undefined): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds: granted = 0 } = pod.metadata;
  if (!deletionTimestamp) return false;
  return graceSeconds === undefined || granted <= graceSeconds;
}
