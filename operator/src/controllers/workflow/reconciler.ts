import { type ConditionWish, mergeConditions, objectKey, type Workflow, type WorkflowStatus } from '../../api/index.ts';
import { canonicalJson } from '../../engine/index.ts';
import {
  isConflict,
  isInvalid,
  isNotFound,
  type ReconcileContext,
  type Result,
  WaitingError,
} from '../../runtime/index.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../resources.ts';
import { RUNS_BY_WORKFLOW } from '../stores.ts';
import { timestamp } from '../timestamp.ts';
import { judge } from './definition.ts';
import type { WorkflowDeps } from './deps.ts';
import { changeOf, makeRun } from './on-change.ts';
import { expiry } from './retention.ts';
import { pruneRevisions } from './revisions.ts';

/** A refused pod may be taken later: a service account or a priority class may come. */
const REFUSED_AGAIN_MS = 30_000;
const STALE_AGAIN_MS = 100;

const READY: readonly ConditionWish[] = [
  { type: 'Ready', status: 'True', reason: 'Valid', message: 'the definition is valid and pinned' },
];

/** Reconciles Workflows: is the definition valid, does a change call for a run, which runs have expired. */
export class WorkflowReconciler {
  readonly #deps: WorkflowDeps;

  constructor(deps: WorkflowDeps) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const workflow = this.#deps.stores.workflows.get(key);
    if (!workflow || workflow.metadata.deletionTimestamp) return {};
    const judgement = await judge(this.#deps, workflow, signal);
    if ('refusal' in judgement) {
      await this.#report(workflow, judgement.refusal, {}, signal);
      return judgement.retry ? { requeueAfter: REFUSED_AGAIN_MS } : {};
    }
    const change = changeOf(workflow);
    if (change?.run) await makeRun(this.#deps, change.run, signal);
    const news = { definition: judgement.definition, ...(change ? { lastApplied: change.mark } : {}) };
    await this.#report(workflow, READY, news, signal);
    if (change?.mark.run) {
      this.#deps.recorder.event(
        workflow,
        'Normal',
        'RunStarted',
        'Trigger',
        `started run ${change.mark.run} for a change`,
      );
    }
    await pruneRevisions(this.#deps, workflow, judgement.definition.revision, signal);
    return this.#retain(workflow, signal);
  }

  /** Deletes what has expired. The mark of onChange is in status by now, so no run is ever made twice. */
  async #retain(workflow: Workflow, signal: AbortSignal): Promise<Result> {
    const { stores, client, clock } = this.#deps;
    const now = clock.now();
    const { expired, nextAt, more } = expiry(
      workflow,
      stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata)),
      now,
    );
    for (const { metadata } of expired) {
      const preconditions = metadata.uid ? { preconditions: { uid: metadata.uid } } : {};
      try {
        await client.delete(WORKFLOW_RUNS, metadata, { ...preconditions, propagationPolicy: 'Background', signal });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    }
    if (more) return { requeue: true };
    return nextAt === undefined ? {} : { requeueAfter: Math.max(1000, nextAt - now) };
  }

  /** The one status write of a reconcile, left out when it would change nothing. */
  async #report(
    workflow: Workflow,
    wishes: readonly ConditionWish[],
    news: Pick<WorkflowStatus, 'definition' | 'lastApplied'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { generation, resourceVersion } = workflow.metadata;
    const status: WorkflowStatus = {
      ...workflow.status,
      ...news,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: mergeConditions(workflow.status?.conditions, wishes, generation, timestamp(this.#deps.clock.now())),
    };
    if (canonicalJson(status) === canonicalJson(workflow.status ?? {})) return;
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/status', value: status },
    ] as const;
    try {
      await this.#deps.client.patch(
        WORKFLOWS,
        workflow.metadata,
        { kind: 'json', operations },
        { subresource: 'status', signal },
      );
    } catch (error) {
      if (!isInvalid(error)) throw error;
      throw new WaitingError('Collision', 'the workflow changed under us; reading it again', STALE_AGAIN_MS);
    }
  }
}
