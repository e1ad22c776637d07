import { controllerOf, FINALIZER_RESULT, LABEL_RUN_UID, type WorkflowRun } from '../../api/index.ts';
import { decodeState, isSettled, UnknownStateVersionError } from '../../engine/index.ts';
import type { Attempt } from '../../executors/index.ts';
import type { Pod } from '../../pods/index.ts';
import { isInvalid, isNotFound, parseKey, type ReconcileContext, type Result } from '../../runtime/index.ts';
import { WORKFLOW_RUNS } from '../resources.ts';
import { findRevision, PODS_BY_RUN } from '../stores.ts';
import type { RunDeps } from './deps.ts';
import { contextOf, isOver, readRun } from './observe.ts';

/**
 * What a run needs and nothing waits for: its pods are let go of once their results are stored, and a run that somebody
 * created by hand gets its Workflow as owner. It acts on the stored state alone, and after what tasks wait for.
 */
export class RunUpkeep {
  readonly #deps: Pick<RunDeps, 'client' | 'stores' | 'executor'>;
  /** Uids of runs that were given an owner here, until the cache has caught up. */
  readonly #owned = new Set<string>();

  constructor(deps: Pick<RunDeps, 'client' | 'stores' | 'executor'>) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const run = this.#deps.stores.runs.get(key);
    if (run && controllerOf(run.metadata)) this.#owned.delete(run.metadata.uid ?? '');
    await this.#letGoOfGhosts(key, run?.metadata.uid, signal);
    if (!run) return {};
    const hurry = run.metadata.deletionTimestamp !== undefined;
    await Promise.all([
      this.#deps.executor.release(contextOf(run, signal), settledIn(run), hurry),
      hurry ? undefined : this.#own(run, signal),
    ]);
    return {};
  }

  /** A run that is gone needs nothing any more. */
  forget(uid: string): void {
    this.#owned.delete(uid);
  }

  /** Makes the Workflow whose definition the run has pinned its owner, so that both end together. */
  async #own(run: WorkflowRun, signal: AbortSignal): Promise<void> {
    const { definition } = run.status ?? {};
    const { namespace = '', uid = '', ownerReferences } = run.metadata;
    if (!definition || controllerOf(run.metadata) || this.#owned.has(uid)) return;
    const revision = findRevision(this.#deps.stores, namespace, definition.revision, definition.digest);
    const owner = revision && controllerOf(revision.metadata);
    if (!owner) return;
    const path = '/metadata/ownerReferences';
    const operations = [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path, value: ownerReferences ?? null },
      { op: 'add', path, value: [...(ownerReferences ?? []), owner] },
    ] as const;
    try {
      const options = { signal, urgency: 'background', answer: 'Unread' } as const;
      await this.#deps.client.patch(WORKFLOW_RUNS, run.metadata, { kind: 'json', operations }, options);
      this.#owned.add(uid);
    } catch (error) {
      // Gone, or owned by somebody since: the event that says so comes here again.
      if (!isNotFound(error) && !isInvalid(error)) throw error;
    }
  }

  /** Pods of runs that are gone are let go at once; that a run is gone is believed only of a live read. */
  async #letGoOfGhosts(key: string, uid: string | undefined, signal: AbortSignal): Promise<void> {
    const strays = new Set<string>();
    for (const pod of this.#deps.stores.pods.byIndex(PODS_BY_RUN, key)) {
      if (runUidOf(pod) !== uid && pod.metadata.finalizers?.includes(FINALIZER_RESULT)) strays.add(runUidOf(pod));
    }
    for (const ghostUid of strays) {
      const ghost = ghostOf(key, ghostUid);
      if (await readRun(this.#deps, ghost, signal)) continue;
      await this.#deps.executor.release(contextOf(ghost, signal), () => true, true);
    }
  }
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
