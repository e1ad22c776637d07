import { type ConditionWish, objectKey, type Workflow, type WorkflowStatus } from '../../api/index.ts';
import { accepted, type Judgement } from '../../definitions/index.ts';
import { warnWorkflow } from '../../engine/validate/index.ts';
import { isConflict, isNotFound, type ReconcileContext, type Result } from '../../runtime/index.ts';
import { completionStatuses } from '../completion/awaiting.ts';
import { reportStatus } from '../report-status.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../resources.ts';
import { RUNS_BY_WORKFLOW } from '../stores/stores.ts';
import { isKeptForBackfill } from './backfill-window.ts';
import { judge } from './definition.ts';
import type { WorkflowDeps } from './deps.ts';
import { firstSight } from './first-sight.ts';
import { KnownDefinitions } from './known-definitions.ts';
import { changeOf, MAX_GENERATIONS, makeRun } from './on-change.ts';
import { expiry } from './retention.ts';
import { isKeptForTrigger } from './retention-guard.ts';
import { pruneRevisions } from './revisions.ts';
import { pinnedBy, pinnedPlan, planOf, withSchedules } from './schedule-plan.ts';
import { Schedules, type Ticked } from './schedules.ts';
import { webhookStatuses } from './webhook-status.ts';

/** A refused pod may be taken later: a service account or a priority class may come. */
const REFUSED_AGAIN_MS = 30_000;

const STOPPED: ConditionWish = {
  type: 'Stalled',
  status: 'True',
  reason: 'ChangesItself',
  message: `the Workflow was changed more than ${MAX_GENERATIONS} times in a row while the run for the previous change was in progress, which suggests that its own runs change it; onChange is stopped. Remove the change from its tasks, or start a run manually to resume onChange`,
};

/** A wait that is longer than this is looked at again before it ends: clocks are set while it lasts. */
const EXACT_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const EARLY = 0.9;

/** Reconciles Workflows: is the definition valid, does a change or a slot call for a run, which runs have expired. */
export class WorkflowReconciler {
  readonly #deps: WorkflowDeps;
  readonly #schedules: Schedules;
  readonly #known = new KnownDefinitions();

  constructor(deps: WorkflowDeps) {
    this.#deps = deps;
    this.#schedules = new Schedules(deps);
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const workflow = this.#deps.stores.workflows.get(key);
    if (!workflow) {
      this.#schedules.forget(key);
      this.#known.forget(key);
    }
    if (!workflow || workflow.metadata.deletionTimestamp) return {};
    const judgement = await judge({ ...this.#deps, known: this.#known }, workflow, signal);
    if ('refusal' in judgement) return this.#goOn(workflow, judgement, signal);
    const { definition } = judgement;
    const runs = this.#deps.stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata));
    const called = changeOf(workflow, { runs: [...runs], now: this.#deps.clock.now() }, this.#deps.proves);
    const change = called === 'Stopped' ? undefined : called;
    const run = change?.run && (await makeRun(this.#deps, workflow, change.run, signal));
    const plan = planOf(workflow);
    const ticked = await this.#schedules.tick(workflow, plan, signal);
    const applied = change ? { lastApplied: { ...change.mark, ...(run === undefined ? {} : { run }) } } : {};
    const news = { definition, ...applied, ...pinnedBy(plan), ...ticked.news, ...(await this.#triggers(workflow)) };
    const ready = accepted('the definition is valid and pinned', warnWorkflow(workflow));
    await this.#report(workflow, called === 'Stopped' ? [...ready, STOPPED] : ready, news, ticked, signal);
    if (run !== undefined) {
      const note = `started run ${run} for a change`;
      this.#deps.recorder.event(workflow, 'Normal', 'RunStarted', 'Trigger', note);
    }
    await pruneRevisions(this.#deps, workflow, definition.revision, signal);
    const retained = await this.#retain({ ...workflow, status: { ...workflow.status, ...news } }, signal);
    return this.#next(ticked, this.#isAwaited(news) ? sooner(retained, REFUSED_AGAIN_MS) : retained);
  }

  /** What is to be known of the triggers that others make go off. */
  async #triggers(workflow: Workflow): Promise<TriggersNews> {
    const { askForSecret, clock } = this.#deps;
    const webhooks = await webhookStatuses(workflow, askForSecret);
    return { webhooks, completions: completionStatuses(workflow, clock.now()) };
  }

  /** Whether a webhook waits for what nobody tells us of: a Secret, or the right to read it. */
  #isAwaited({ webhooks = [] }: Pick<TriggersNews, 'webhooks'>): boolean {
    return this.#deps.askForSecret !== undefined && webhooks.some(({ message }) => message !== undefined);
  }

  /** What is not valid runs nothing, but its schedules go on with what was valid last, and the condition says so. */
  async #goOn(workflow: Workflow, { refusal, retry }: Refusal, signal: AbortSignal): Promise<Result> {
    const plan = pinnedPlan(this.#deps.stores, workflow);
    const ticked = await this.#schedules.tick(workflow, plan, signal);
    const wishes = plan.schedules.length === 0 ? refusal : refusal.map(withSchedules);
    await this.#report(workflow, wishes, ticked.news, ticked, signal);
    const retained = await this.#retain({ ...workflow, status: { ...workflow.status, ...ticked.news } }, signal);
    return this.#next(ticked, retry ? sooner(retained, REFUSED_AGAIN_MS) : retained);
  }

  /** The one write, and what is told of the schedules once it is done. */
  async #report(
    workflow: Workflow,
    wishes: readonly ConditionWish[],
    news: Partial<WorkflowStatus>,
    ticked: Ticked,
    signal: AbortSignal,
  ): Promise<void> {
    const {
      schedules: _old,
      nextRun: _next,
      lastSchedule: _last,
      pinnedSchedules: pinned,
      ...rest
    } = workflow.status ?? {};
    const firstSeen = workflow.status?.firstSeen ?? firstSight(workflow, this.#deps.clock.now());
    const kept = 'definition' in news || pinned === undefined ? rest : { ...rest, pinnedSchedules: pinned };
    await reportStatus(this.#deps, WORKFLOWS, workflow, { wishes, news: { ...news, firstSeen }, kept }, signal);
    this.#schedules.reported(workflow, ticked.news);
    for (const { type, reason, note } of ticked.events) {
      this.#deps.recorder.event(workflow, type, reason, 'Schedule', note);
    }
  }

  /** When to look again: for a slot early rather than late, since time may pass quicker than the timer thinks. */
  #next({ nextAt, more }: Ticked, result: Result): Result {
    if (more) return { requeue: true };
    if (nextAt === undefined) return result;
    const wait = nextAt - this.#deps.clock.now();
    return sooner(result, wait > EXACT_WAIT_MS ? Math.min(wait * EARLY, LONGEST_WAIT_MS) : Math.max(1, wait));
  }

  /** Deletes what has expired. The mark of onChange is in status by now, so no run is ever made twice. */
  async #retain(workflow: Workflow, signal: AbortSignal): Promise<Result> {
    const { stores, client, clock } = this.#deps;
    const now = clock.now();
    const { expired, nextAt, more } = expiry(
      workflow,
      stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata)),
      now,
      (run) => isKeptForTrigger(stores, run, now) || isKeptForBackfill(stores, run),
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

type TriggersNews = { [key in 'webhooks' | 'completions']: WorkflowStatus[key] };

type Refusal = Extract<Judgement, { readonly refusal: unknown }>;

const sooner = (result: Result, ms: number): Result =>
  result.requeue ? result : { requeueAfter: Math.min(result.requeueAfter ?? Number.POSITIVE_INFINITY, ms) };
