import {
  type Backfill,
  type BackfillStatus,
  objectKey,
  rootOf,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { canonicalJson } from '../../engine/index.ts';
import {
  type Clock,
  isInvalid,
  isNotFound,
  type KubeClient,
  type ReconcileContext,
  type Recorder,
  type Result,
  WaitingError,
} from '../../runtime/index.ts';
import { isBeyond, runNameOf } from '../../schedules/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import { BACKFILLS, WORKFLOW_RUNS } from '../resources.ts';
import { RUNS_BY_WORKFLOW, type Stores } from '../stores.ts';
import { chainsOf } from '../workflow/chains.ts';
import { identityOf, makeSlotRun } from '../workflow/slot-run.ts';
import { cancelRun } from '../workflow-run/take-turn.ts';
import { type Accepted, acceptBackfill } from './accept.ts';
import { type Progress, progressOf, refusedStatus, statusOf } from './status.ts';
import { windowOf } from './window.ts';

export interface BackfillDeps {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly recorder: Recorder;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Runs that one reconcile asks for; the next one goes on. */
const MAX_ASKED = 20;
const REFUSED_AGAIN_MS = 10_000;
const STALE_AGAIN_MS = 100;

/** Reconciles Backfills: counts what has ended, starts what comes next, and writes how far it is. */
export class BackfillReconciler {
  readonly #deps: BackfillDeps;
  /** Backfills that were read from the server since this process began. */
  readonly #checked = new Set<string>();

  constructor(deps: BackfillDeps) {
    this.#deps = deps;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const { stores, clock } = this.#deps;
    const backfill = stores.backfills.get(key);
    if (!backfill || backfill.metadata.deletionTimestamp || backfill.status?.finishedAt) return {};
    const accepted = acceptBackfill(stores, backfill, clock.now());
    if ('reason' in accepted) {
      await this.#report(backfill, refusedStatus(backfill, accepted, clock.now()), signal);
      return {};
    }
    await this.#check(backfill, signal);
    const progress = progressOf(backfill, accepted.slots.length);
    this.#adopt(backfill, accepted, progress);
    await this.#count(accepted, progress, signal);
    const { desiredState } = backfill.spec;
    if (desiredState === 'Cancelled') await this.#cancel(accepted, progress, signal);
    const { refused, more } =
      desiredState === 'Running'
        ? await this.#fill(backfill, accepted, progress, signal)
        : { refused: undefined, more: false };
    const isDone = desiredState === 'Cancelled' || next(backfill, accepted, progress) === undefined;
    const isOver = isDone && progress.active.length === 0;
    await this.#report(backfill, statusOf(backfill, accepted, progress, { isOver, refused, now: clock.now() }), signal);
    if (more) return { requeue: true };
    return refused === undefined ? {} : { requeueAfter: REFUSED_AGAIN_MS };
  }

  /** Once in the life of a process: another leader may have gone on from what the cache shows. */
  async #check({ metadata }: Backfill, signal: AbortSignal): Promise<void> {
    const { uid = '' } = metadata;
    if (this.#checked.has(uid)) return;
    const live = await this.#deps.client.get<Backfill>(BACKFILLS, metadata, { signal });
    if (live.metadata.resourceVersion !== metadata.resourceVersion) throw collision();
    this.#checked.add(uid);
  }

  /** Takes in what was started before a crash that nothing was written of. */
  #adopt(backfill: Backfill, accepted: Accepted, progress: Progress): void {
    const { workflow, schedule } = accepted;
    const { namespace = '', uid } = backfill.metadata;
    const { runs } = this.#deps.stores;
    for (let slot = next(backfill, accepted, progress); slot !== undefined; slot = next(backfill, accepted, progress)) {
      const name = runNameOf(identityOf(workflow, schedule.name), slot);
      if (runs.get(objectKey({ namespace, name }))?.spec.origin?.uid !== uid) return;
      progress.cursor = slot;
      progress.active.push(slot);
    }
  }

  /** Takes off what has ended. */
  async #count({ workflow, schedule }: Accepted, progress: Progress, signal: AbortSignal): Promise<void> {
    const chains = chainsOf(this.#deps.stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata)));
    for (const slot of [...progress.active]) {
      const name = runNameOf(identityOf(workflow, schedule.name), slot);
      const chain = chains.find(({ newest }) => rootOf(newest) === name);
      const run = chain?.newest ?? (await this.#live(workflow, name, signal));
      if (run && run.status?.finishedAt === undefined) continue;
      progress.active = progress.active.filter((each) => each !== slot);
      if (run && hasSucceeded(run)) progress.counts.succeeded++;
      else progress.counts.failed++;
    }
  }

  /** The cache may not show what was made a moment ago. */
  async #live(workflow: Workflow, name: string, signal: AbortSignal): Promise<WorkflowRun | undefined> {
    try {
      const ref = { name, namespace: workflow.metadata.namespace ?? '' };
      return await this.#deps.client.get<WorkflowRun>(WORKFLOW_RUNS, ref, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #cancel({ workflow, schedule }: Accepted, { active }: Progress, signal: AbortSignal): Promise<void> {
    const names = new Set(active.map((slot) => runNameOf(identityOf(workflow, schedule.name), slot)));
    const runs = this.#deps.stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata));
    const live = chainsOf(runs).filter(({ newest }) => names.has(rootOf(newest)));
    for (const { newest } of live) await cancelRun(this.#deps, newest, signal);
  }

  /** Starts what may be under way now. A slot that has a run of somebody else is through. */
  async #fill(backfill: Backfill, accepted: Accepted, progress: Progress, signal: AbortSignal) {
    const { name, uid = '' } = backfill.metadata;
    const { parallelism = 1 } = backfill.spec;
    for (let asked = 0; asked < MAX_ASKED; asked++) {
      const slot = next(backfill, accepted, progress);
      if (slot === undefined || progress.active.length >= parallelism) return { refused: undefined, more: false };
      const made = await makeSlotRun(this.#deps.client, { ...accepted, slot, backfill: { name, uid } }, signal);
      if (made.type === 'Refused' && made.retry) return { refused: made.message, more: false };
      progress.cursor = slot;
      if (made.type === 'Refused') progress.counts.failed++;
      else if (made.run.spec.origin?.uid === uid) progress.active.push(slot);
      else progress.counts.existing++;
    }
    return { refused: undefined, more: true };
  }

  async #report(backfill: Backfill, status: BackfillStatus, signal: AbortSignal): Promise<void> {
    if (canonicalJson(status) === canonicalJson(backfill.status ?? {})) return;
    const { metadata } = backfill;
    const operations = [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'add', path: '/status', value: status },
    ] as const;
    try {
      await this.#deps.client.patch(
        BACKFILLS,
        metadata,
        { kind: 'json', operations },
        { subresource: 'status', signal },
      );
    } catch (error) {
      if (isInvalid(error)) throw collision();
      throw error;
    }
    const end = status.finishedAt && status.conditions?.find(({ type }) => type === 'Succeeded');
    if (!end) return;
    const type = end.status === 'True' ? 'Normal' : 'Warning';
    this.#deps.recorder.event(backfill, type, end.reason, 'Backfill', end.message);
  }
}

const collision = () => new WaitingError('Collision', 'the Backfill has changed; reading it again', STALE_AGAIN_MS);

/** The next slot in the order of the window. */
function next(backfill: Backfill, { slots }: Accepted, { cursor }: Progress): number | undefined {
  const { order } = windowOf(backfill);
  return slots.find((slot) => isBeyond(slot, cursor, order));
}

function hasSucceeded({ status }: WorkflowRun): boolean {
  return status?.conditions?.find(({ type }) => type === 'Succeeded')?.status === 'True';
}
