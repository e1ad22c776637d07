import {
  type Attests,
  type Backfill,
  type BackfillStatus,
  epochOf,
  type Lineage,
  objectKey,
  type Proves,
  SOMEBODY,
  type WorkflowRun,
} from '../../api/index.ts';
import { canonicalJson } from '../../engine/index.ts';
import {
  type Clock,
  isInvalid,
  isPatchMismatch,
  type KubeClient,
  type ReconcileContext,
  type Recorder,
  type Result,
  WaitingError,
} from '../../runtime/index.ts';
import { isBeyond } from '../../schedules/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import { resumedBy } from '../lineage.ts';
import { tellOfTakenNames } from '../name-taken.ts';
import { BACKFILLS } from '../resources.ts';
import { showStalled } from '../stalled.ts';
import { RUNS_BY_WORKFLOW, type Stores } from '../stores/stores.ts';
import { windowOf } from '../workflow/backfill-window.ts';
import { chainsOf } from '../workflow/chains.ts';
import { isOfSchedule, knownSlotRun, liveSlotRun, makeSlotRun } from '../workflow/slot-run.ts';
import { cancelRun } from '../workflow-run/acceptance/take-turn.ts';
import { type Accepted, acceptBackfill } from './accept.ts';
import { type Progress, progressOf, refusedStatus, statusOf } from './status.ts';

export interface BackfillDeps {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly attests: Attests;
  readonly proves: Proves;
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
  /** Uids of the unfinished Backfills that were read from the server since this process began, by key. */
  readonly #checked = new Map<string, string>();

  constructor(deps: BackfillDeps) {
    this.#deps = deps;
  }

  /** How many Backfills are remembered. */
  get size(): number {
    return this.#checked.size;
  }

  async reconcile(key: string, { signal }: ReconcileContext): Promise<Result> {
    const { stores, clock } = this.#deps;
    const backfill = stores.backfills.get(key);
    if (!backfill || backfill.metadata.deletionTimestamp || backfill.status?.finishedAt) {
      this.#checked.delete(key);
      return {};
    }
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
    if (this.#checked.get(objectKey(metadata)) === uid) return;
    const live = await this.#deps.client.get<Backfill>(BACKFILLS, metadata, { signal });
    if (live.metadata.resourceVersion !== metadata.resourceVersion) throw collision();
    this.#checked.set(objectKey(metadata), uid);
  }

  /** Takes in what was started before a crash that nothing was written of. */
  #adopt(backfill: Backfill, accepted: Accepted, progress: Progress): void {
    const { uid } = backfill.metadata;
    for (let slot = next(backfill, accepted, progress); slot !== undefined; slot = next(backfill, accepted, progress)) {
      if (knownSlotRun(this.#deps, { ...accepted, slot })?.spec.origin?.uid !== uid) return;
      progress.cursor = slot;
      progress.active.push(slot);
    }
  }

  /** Takes off what has ended. */
  async #count(accepted: Accepted, progress: Progress, signal: AbortSignal): Promise<void> {
    const newest = this.#newestBySlot(accepted);
    for (const slot of [...progress.active]) {
      const run = newest.get(slot) ?? (await liveSlotRun(this.#deps, { ...accepted, slot }, signal));
      if (run && run.status?.finishedAt === undefined) continue;
      progress.active = progress.active.filter((each) => each !== slot);
      if (run && hasSucceeded(run)) progress.counts.succeeded++;
      else progress.counts.failed++;
    }
  }

  /** The newest run of the chain of each slot that has one, as far as the operator made them. */
  #newestBySlot({ workflow, schedule }: Accepted): Map<number | undefined, WorkflowRun> {
    const { stores, proves } = this.#deps;
    const runs = stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata));
    const ours = runs.filter((run) => isOfSchedule(run, workflow, schedule.name, proves));
    return new Map(chainsOf(ours).map(({ newest }) => [epochOf(newest.spec.origin?.slot), newest]));
  }

  async #cancel(accepted: Accepted, { active }: Progress, signal: AbortSignal): Promise<void> {
    const newest = this.#newestBySlot(accepted);
    for (const slot of active) {
      const run = newest.get(slot);
      if (run) await cancelRun(this.#deps, run, signal);
    }
  }

  /** Starts what may be under way now. A slot that has a run of somebody else is through. */
  async #fill(backfill: Backfill, accepted: Accepted, progress: Progress, signal: AbortSignal) {
    const { name, uid = '' } = backfill.metadata;
    const of = { name, uid, lineage: this.#lineageOf(backfill) };
    const { parallelism = 1 } = backfill.spec;
    for (let asked = 0; asked < MAX_ASKED; asked++) {
      const slot = next(backfill, accepted, progress);
      if (slot === undefined || progress.active.length >= parallelism) return { refused: undefined, more: false };
      const made = await makeSlotRun(this.#deps, { ...accepted, slot, backfill: of }, signal);
      const run = made.type === 'Refused' ? undefined : made.run.metadata.name;
      tellOfTakenNames(this.#deps.recorder, accepted.workflow, made.strangers ?? [], run);
      if (made.type === 'Refused' && made.retry) return { refused: made.message, more: false };
      progress.cursor = slot;
      if (made.type === 'Refused') progress.counts.failed++;
      else if (made.run.spec.origin?.uid === uid) progress.active.push(slot);
      else progress.counts.existing++;
    }
    return { refused: undefined, more: true };
  }

  /** Who asked for the Backfill, and who set it going again. */
  #lineageOf(backfill: Backfill): Lineage {
    const { attests } = this.#deps;
    const { requester } = backfill.spec;
    if (!requester || !attests.requester(backfill)) return SOMEBODY;
    const resumed = resumedBy(backfill, { attests });
    return { requesters: [requester.username, ...(resumed === undefined ? [] : [resumed])], unknown: false };
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
      if (isPatchMismatch(error)) throw collision();
      if (isInvalid(error)) await showStalled(this.#deps, BACKFILLS, backfill, error, signal);
      throw error;
    }
    const end = status.finishedAt && status.conditions?.find(({ type }) => type === 'Succeeded');
    if (!end) return;
    const type = end.status === 'True' ? 'Normal' : 'Warning';
    this.#deps.recorder.event(backfill, type, end.reason, 'Backfill', end.message);
  }
}

const collision = () =>
  new WaitingError('Collision', 'the Backfill changed concurrently; reading it again', STALE_AGAIN_MS);

/** The next slot in the order of the window. */
function next(backfill: Backfill, { slots }: Accepted, { cursor }: Progress): number | undefined {
  const { order } = windowOf(backfill);
  return slots.find((slot) => isBeyond(slot, cursor, order));
}

function hasSucceeded({ status }: WorkflowRun): boolean {
  return status?.conditions?.find(({ type }) => type === 'Succeeded')?.status === 'True';
}
