import { objectKey, type Workflow } from '../../api/index.ts';
import { isConflict, isNotFound, type ReconcileContext, type Result } from '../../runtime/index.ts';
import { accepted } from '../judgement.ts';
import { reportStatus } from '../report-status.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../resources.ts';
import { RUNS_BY_WORKFLOW } from '../stores.ts';
import { judge } from './definition.ts';
import type { WorkflowDeps } from './deps.ts';
import { changeOf, makeRun } from './on-change.ts';
import { expiry } from './retention.ts';
import { pruneRevisions } from './revisions.ts';

/** A refused pod may be taken later: a service account or a priority class may come. */
const REFUSED_AGAIN_MS = 30_000;

const READY = accepted('the definition is valid and pinned');

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
      await reportStatus(this.#deps, WORKFLOWS, workflow, { wishes: judgement.refusal, news: {} }, signal);
      return judgement.retry ? { requeueAfter: REFUSED_AGAIN_MS } : {};
    }
    const change = changeOf(workflow);
    if (change?.run) await makeRun(this.#deps, change.run, signal);
    const news = { definition: judgement.definition, ...(change ? { lastApplied: change.mark } : {}) };
    await reportStatus(this.#deps, WORKFLOWS, workflow, { wishes: READY, news }, signal);
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
}
