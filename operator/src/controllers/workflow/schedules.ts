import {
  epochOf,
  objectKey,
  type Parameter,
  type Schedule,
  type ScheduleStatus,
  type Workflow,
  type WorkflowRun,
  type WorkflowStatus,
} from '../../api/index.ts';
import { canonicalJson } from '../../engine/index.ts';
import { isNotFound, WaitingError } from '../../runtime/index.ts';
import {
  type Due,
  due,
  hashOf,
  jitterOf,
  type Memory,
  ruleOf,
  type Scheduled,
  type SlotRun,
  slotsOf,
} from '../../schedules/index.ts';
import { tellOfTakenNames } from '../name-taken.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../resources.ts';
import { RUNS_BY_WORKFLOW } from '../stores/stores.ts';
import { cancelRun } from '../workflow-run/acceptance/take-turn.ts';
import type { WorkflowDeps } from './deps.ts';
import { type Applied, columnsOf, memoryOf, statusOf } from './schedule-status.ts';
import { identityOf, isOfSchedule, makeSlotRun } from './slot-run.ts';

/** A run that the API server refuses is asked for again after this. */
const REFUSED_AGAIN_MS = 10_000;
const STALE_AGAIN_MS = 100;

type Entries = readonly ScheduleStatus[];

/** What the schedules of a Workflow did, to be reported in one write. */
export interface Ticked {
  readonly news: Pick<WorkflowStatus, 'schedules' | 'nextRun' | 'lastSchedule'>;
  /** Epoch milliseconds at which to look again. */
  readonly nextAt: number | undefined;
  readonly more: boolean;
  readonly events: readonly { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly note: string }[];
}

/** What schedules run: the newest valid ones, with the parameters of the newest valid definition. */
export interface SchedulePlan {
  readonly schedules: readonly Schedule[];
  readonly declared: readonly Parameter[] | undefined;
}

interface Tick extends SchedulePlan {
  readonly workflow: Workflow;
  readonly schedule: Schedule;
  readonly before: ScheduleStatus | undefined;
  readonly runs: readonly WorkflowRun[];
}

/** Starts the runs that the schedules of Workflows call for. */
export class Schedules {
  readonly #deps: WorkflowDeps;
  /** What was last reported of the schedules of a Workflow: the cache may be older. */
  readonly #reported = new Map<string, { readonly uid: string; readonly entries: Entries }>();
  /** Uids of the Workflows that were read from the server since this process began, by key. */
  readonly #checked = new Map<string, string>();

  constructor(deps: WorkflowDeps) {
    this.#deps = deps;
  }

  /** Does what is due. What it decided is stored by the caller, who then calls `reported`. */
  async tick(workflow: Workflow, plan: SchedulePlan, signal: AbortSignal): Promise<Ticked> {
    const known = this.#known(workflow);
    const siblings = this.#deps.stores.runs.byIndex(RUNS_BY_WORKFLOW, objectKey(workflow.metadata));
    const entries: ScheduleStatus[] = [];
    const all: Applied[] = [];
    for (const schedule of plan.schedules) {
      const before = known.find(({ name }) => name === schedule.name);
      const runs = siblings.filter((run) => isOfSchedule(run, workflow, schedule.name, this.#deps.proves));
      const applied = await this.#run({ ...plan, workflow, schedule, before, runs }, signal);
      entries.push(statusOf(schedule.name, before, applied));
      all.push(applied);
    }
    const times = all.flatMap(({ due: { nextAt }, stays }) => [
      ...(nextAt === undefined ? [] : [nextAt]),
      ...(stays ? [this.#deps.clock.now() + REFUSED_AGAIN_MS] : []),
    ]);
    return {
      news: entries.length === 0 ? {} : { schedules: entries, ...columnsOf(entries) },
      nextAt: times.length === 0 ? undefined : Math.min(...times),
      more: all.some((applied) => applied.due.more && !applied.stays),
      events: all.flatMap(eventsOf),
    };
  }

  /** Remembers what is stored now. */
  reported({ metadata }: Workflow, { schedules = [] }: Ticked['news']): void {
    if (schedules.length === 0) return;
    this.#reported.set(objectKey(metadata), { uid: metadata.uid ?? '', entries: schedules });
  }

  /** How much is remembered of Workflows. */
  get size(): number {
    return this.#reported.size + this.#checked.size;
  }

  forget(key: string): void {
    this.#checked.delete(key);
    this.#reported.delete(key);
  }

  /** What is remembered of the schedules: as stored, or as this process stored it where the cache is older. */
  #known({ metadata, status }: Workflow): Entries {
    const stored = status?.schedules ?? [];
    const own = this.#reported.get(objectKey(metadata));
    if (!own || own.uid !== metadata.uid) return stored;
    const newer = stored.filter((entry) => {
      const mine = own.entries.find(({ name }) => name === entry.name);
      return !mine || mine.lastSlot < entry.lastSlot;
    });
    return [...newer, ...own.entries.filter(({ name }) => !newer.some((entry) => entry.name === name))];
  }

  async #run(tick: Tick, signal: AbortSignal): Promise<Applied> {
    const { workflow, schedule, before } = tick;
    const scheduled = scheduledOf(workflow, schedule);
    const memory = memoryOf(before);
    const ask = (runs: readonly WorkflowRun[]) =>
      due(scheduled, memory, runs.map(slotRunOf), this.#deps.clock.now(), sinceOf(workflow));
    let runs = tick.runs;
    let decision = ask(runs);
    if (decision.start.length > 0 || decision.cancel) {
      await this.#check(workflow, signal);
      const unseen = await this.#unseenRun(tick, signal);
      if (unseen) {
        runs = [...runs, unseen];
        decision = ask(runs);
      }
    }
    return this.#apply({ ...tick, runs }, scheduled, decision, memory, signal);
  }

  /** Once in the life of a process: another leader may have gone on from what the cache shows. */
  async #check({ metadata }: Workflow, signal: AbortSignal): Promise<void> {
    const { uid = '' } = metadata;
    if (this.#checked.get(objectKey(metadata)) === uid) return;
    const live = await this.#deps.client.get<Workflow>(WORKFLOWS, metadata, { signal });
    if (live.metadata.resourceVersion !== metadata.resourceVersion) {
      throw new WaitingError('Collision', 'the Workflow is newer than the cache; reading it again', STALE_AGAIN_MS);
    }
    this.#checked.set(objectKey(metadata), uid);
  }

  /** The run that was started last, where the cache does not show it and it matters whether it is over. */
  async #unseenRun({ workflow, schedule, before, runs }: Tick, signal: AbortSignal): Promise<WorkflowRun | undefined> {
    const name = before?.lastRun?.name;
    if (name === undefined || schedule.overlap === 'Allow') return undefined;
    if (runs.some(({ metadata }) => metadata.name === name)) return undefined;
    try {
      const ref = { name, namespace: workflow.metadata.namespace ?? '' };
      const run = await this.#deps.client.get<WorkflowRun>(WORKFLOW_RUNS, ref, { signal });
      return isOfSchedule(run, workflow, schedule.name, this.#deps.proves) ? run : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #apply(
    tick: Tick,
    { slots }: Scheduled,
    decision: Due,
    memory: Memory | undefined,
    signal: AbortSignal,
  ): Promise<Applied> {
    const { workflow, schedule, before, runs, declared } = tick;
    const active = runs.filter((run) => slotRunOf(run).isActive);
    if (decision.cancel) for (const run of active) await cancelRun(this.#deps, run, signal);
    const started = foundIn(runs, memory, decision.memory);
    const done = { due: decision, slots, started, active, given: 0, memory: decision.memory, stays: false };
    let refused: string | undefined;
    for (const slot of decision.start) {
      const number = (before?.started ?? 0) + started.length + 1;
      const made = await makeSlotRun(this.#deps, { workflow, schedule, slot, declared, number }, signal);
      const run = made.type === 'Refused' ? undefined : made.run.metadata.name;
      tellOfTakenNames(this.#deps.recorder, workflow, made.strangers ?? [], run);
      if (made.type !== 'Refused') {
        started.push({ slot, name: made.run.metadata.name });
        continue;
      }
      refused = made.message;
      // Until it can be made nothing moves on: what was made in this tick is found by its name in the next.
      if (made.retry) return { ...stayed(done, memory), refused };
      done.given++;
    }
    return { ...done, ...(refused === undefined ? {} : { refused }) };
  }
}

/** Runs whose slots are decided now, though they were started before: by who did not come to say so. */
function foundIn(runs: readonly WorkflowRun[], before: Memory | undefined, after: Memory) {
  const isNews = (slot: number) =>
    !after.queued.includes(slot) && (slot > (before?.mark ?? after.mark) || (before?.queued.includes(slot) ?? false));
  return runs
    .filter(({ spec }) => spec.origin?.type === 'Schedule' && spec.continues === undefined)
    .map((run) => ({ slot: slotRunOf(run).slot, name: run.metadata.name }))
    .filter(({ slot }) => slot <= after.mark && isNews(slot))
    .sort((a, b) => a.slot - b.slot);
}

/** What was done, where nothing of it is reported but that it is refused. */
function stayed(done: Applied, before: Memory | undefined): Applied {
  const decision = { ...done.due, skipped: [], missed: { count: 0 }, nextAt: undefined };
  return { ...done, started: [], given: 0, due: decision, memory: before ?? done.memory, stays: true };
}

export function scheduledOf(workflow: Workflow, schedule: Schedule): Scheduled {
  const rule = ruleOf(schedule);
  const identity = identityOf(workflow, schedule.name);
  const { crons, timeZone } = rule;
  return {
    rule,
    slots: slotsOf(rule),
    timing: hashOf(canonicalJson({ crons, timeZone })).slice(0, 16),
    delayOf: (slot) => jitterOf(identity, slot, rule.jitterMs),
  };
}

function slotRunOf({ spec, status }: WorkflowRun): SlotRun {
  const isActive = spec.origin?.type === 'Schedule' && status?.finishedAt === undefined;
  return { slot: epochOf(spec.origin?.slot) ?? 0, isActive };
}

/** A definition that nobody has changed has had its schedules since it was created; else they count from now. */
function sinceOf({ metadata }: Workflow): number | undefined {
  return metadata.generation === 1 ? epochOf(metadata.creationTimestamp) : undefined;
}

function eventsOf({ due: { skipped, missed }, started, refused }: Applied): Ticked['events'] {
  const made = started.map(({ name }) => ({
    type: 'Normal' as const,
    reason: 'RunStarted',
    note: `started run ${name} by schedule`,
  }));
  const warnings = [
    ...(skipped.length > 0 ? [['SlotSkipped', `${skipped.length} slots skipped: a run was in progress`] as const] : []),
    ...(missed.count > 0 ? [['SlotsMissed', `${missed.count} slots missed the starting deadline`] as const] : []),
    ...(refused === undefined ? [] : [['SlotRefused', refused] as const]),
  ];
  return [...made, ...warnings.map(([reason, note]) => ({ type: 'Warning' as const, reason, note }))];
}
