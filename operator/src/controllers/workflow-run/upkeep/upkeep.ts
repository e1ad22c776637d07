import {
  controllerOf,
  LABEL_RUN_UID,
  LABEL_WORKFLOW,
  objectKey,
  parseDuration,
  type Workflow,
  type WorkflowRun,
} from '../../../api/index.ts';
import { decodeState, isSettled, UnknownStateVersionError } from '../../../engine/index.ts';
import { type Attempt, earliest } from '../../../executors/index.ts';
import { hasResultFinalizer, type Pod } from '../../../pods/index.ts';
import {
  controllerReference,
  isControlledBy,
  isNotFound,
  isPatchMismatch,
  type JsonPatchOperation,
  parseKey,
  type ReconcileContext,
  type Result,
} from '../../../runtime/index.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../../resources.ts';
import { readRun } from '../../stores/read-run.ts';
import { PODS_BY_RUN } from '../../stores/stores.ts';
import type { RunDeps } from '../deps.ts';
import { contextOf, isOver } from '../observe.ts';

type UpkeepDeps = Pick<RunDeps, 'client' | 'stores' | 'executor' | 'clock'>;

/** How long Kubernetes' garbage collector may take to begin with the pods of a run that is gone. */
const FORGOTTEN_AFTER_MS = parseDuration('30s');

/**
 * What a run needs and nothing waits for: its pods are let go of once their results are stored, and a run that somebody
 * created by hand gets its Workflow as owner, and the label that finds the runs of a Workflow. It acts on the stored state
 * alone, and after what tasks wait for.
 */
export class RunUpkeep {
  readonly #deps: UpkeepDeps;
  /** What runs lacked and were given here, by uid, until the cache has caught up. */
  readonly #given = new Map<string, string>();
  /** Monotonic time since which a key has pods whose run is gone. */
  readonly #orphanedSince = new Map<string, number>();

  constructor(deps: UpkeepDeps) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const run = this.#deps.stores.runs.get(key);
    const orphaned = await this.#tendOrphans(key, run?.metadata.uid, signal);
    if (!run) return { requeueAfter: orphaned };
    const hurry = run.metadata.deletionTimestamp !== undefined;
    const [kept] = await Promise.all([
      this.#deps.executor.release(contextOf(run, signal), settledIn(run), hurry),
      hurry ? undefined : this.#own(run, signal),
    ]);
    return { requeueAfter: earliest([orphaned, kept]) };
  }

  /** How much is remembered of runs. */
  get size(): number {
    return this.#given.size + this.#orphanedSince.size;
  }

  /** A pod with the label of the run of this key is gone: with the last one nothing is orphaned any more. */
  podGone(key: string): void {
    if (this.#deps.stores.pods.keysByIndex(PODS_BY_RUN, key).length === 0) this.#orphanedSince.delete(key);
  }

  /** A run that is gone needs nothing any more. */
  forget(uid: string): void {
    this.#given.delete(uid);
  }

  /** Gives a run what a trigger would have created it with: its Workflow's label, and that Workflow as owner. */
  async #own(run: WorkflowRun, signal: AbortSignal): Promise<void> {
    const { namespace = '', uid = '' } = run.metadata;
    const workflow = this.#deps.stores.workflows.get(objectKey({ namespace, name: run.spec.workflowRef.name }));
    if (!run.status || !workflow) return;
    const missing = [...ownerOf(run, workflow), ...labelOf(run)];
    const given = JSON.stringify(missing);
    if (missing.length === 0) this.#given.delete(uid);
    if (missing.length === 0 || this.#given.get(uid) === given) return;
    const operations = [{ op: 'test', path: '/metadata/uid', value: uid } as const, ...missing];
    try {
      const options = { signal, urgency: 'background', answer: 'Unread' } as const;
      // Noted first: the cache may hear of it before the answer comes.
      this.#given.set(uid, given);
      await this.#deps.client.patch(WORKFLOW_RUNS, run.metadata, { kind: 'json', operations }, options);
    } catch (error) {
      this.#given.delete(uid);
      // Gone, or owned by somebody since: the event that says so comes here again.
      if (!isNotFound(error) && !isPatchMismatch(error)) throw error;
    }
  }

  /**
   * Pods of runs that are gone are let go at once; that a run is gone is believed only of a live read. Kubernetes deletes
   * them with their run, unless it had not yet heard of the kind when the CRD was deleted: what is left after a while is
   * deleted here. Returns the milliseconds until then.
   */
  async #tendOrphans(key: string, uid: string | undefined, signal: AbortSignal): Promise<number | undefined> {
    const labelled = this.#deps.stores.pods.byIndex(PODS_BY_RUN, key).filter((pod) => runUidOf(pod) !== uid);
    // What neither belongs to a run that is gone nor is held by us is a stranger's, and nobody's business here.
    const orphans = labelled.filter((pod) => hasResultFinalizer(pod) || isControlledBy(pod, runUidOf(pod)));
    if (orphans.length === 0) {
      this.#orphanedSince.delete(key);
      return undefined;
    }
    const since = this.#orphanedSince.get(key) ?? this.#deps.clock.monotonic();
    this.#orphanedSince.set(key, since);
    const left = since + FORGOTTEN_AFTER_MS - this.#deps.clock.monotonic();
    for (const [ghostUid, pods] of Map.groupBy(orphans, runUidOf)) {
      const isForgotten = left <= 0 && pods.some(({ metadata }) => !metadata.deletionTimestamp);
      if (!isForgotten && !pods.some(hasResultFinalizer)) continue;
      const ghost = ghostOf(key, ghostUid);
      if (await readRun(this.#deps, ghost, signal)) continue;
      const context = contextOf(ghost, signal);
      if (isForgotten) await this.#deps.executor.discard(context);
      await this.#deps.executor.release(context, () => true, true);
    }
    return left > 0 ? left : undefined;
  }
}

/** Makes the Workflow whose definition the run has pinned its owner, so that both end together. */
function ownerOf({ metadata, status }: WorkflowRun, workflow: Workflow): JsonPatchOperation[] {
  if (!status?.definition || controllerOf(metadata)) return [];
  return addingTo('/metadata/ownerReferences', metadata.ownerReferences, (owners = []) => [
    ...owners,
    controllerReference(WORKFLOWS, workflow),
  ]);
}

/** The label by which people find the runs of a Workflow; a wrong one is put right. */
function labelOf({ metadata, spec }: WorkflowRun): JsonPatchOperation[] {
  const { name } = spec.workflowRef;
  if (metadata.labels?.[LABEL_WORKFLOW] === name) return [];
  return addingTo('/metadata/labels', metadata.labels, (labels) => ({ ...labels, [LABEL_WORKFLOW]: name }));
}

/** Replaces a field of the metadata if nobody has changed it meanwhile. */
function addingTo<T>(path: string, before: T | undefined, added: (before: T | undefined) => T): JsonPatchOperation[] {
  return [
    { op: 'test', path, value: before ?? null },
    { op: 'add', path, value: added(before) },
  ];
}

const runUidOf = (pod: Pod): string => pod.metadata.labels?.[LABEL_RUN_UID] ?? '';

/** Enough of a run that is gone to ask for it and to find its pods. */
function ghostOf(key: string, uid: string): WorkflowRun {
  const { namespace = '', name } = parseKey(key);
  const spec = { workflowRef: { name: '' }, desiredState: 'Terminated' } as const;
  return { apiVersion: '', kind: '', metadata: { namespace, name, uid }, spec };
}

/** Which attempts the stored state needs no more; none of a state that this version cannot read. */
function settledIn(run: WorkflowRun): (attempt: Attempt) => boolean {
  if (run.metadata.deletionTimestamp || isOver(run)) return () => true;
  if (run.status?.state === undefined) return () => false;
  try {
    const state = decodeState(run.status.state);
    return ({ path, attempt }) => isSettled(state, path, attempt);
  } catch (error) {
    if (error instanceof UnknownStateVersionError) return () => false;
    throw error;
  }
}
