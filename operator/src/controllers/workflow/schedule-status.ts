import {
  epochOf,
  NEXT_RUNS,
  type Reason,
  type ScheduleStatus,
  timeOf,
  type WorkflowRun,
  type WorkflowStatus,
} from '../../api/index.ts';
import type { Due, Memory, Slots } from '../../schedules/index.ts';

/** What was made of a decision. */
export interface Applied {
  readonly due: Due;
  readonly slots: Slots;
  readonly started: readonly { readonly slot: number; readonly name: string }[];
  /** Slots whose run can never be made. */
  readonly given: number;
  /** Why the run of a slot cannot be made. `stays`: something else may change that, and nothing moves on before. */
  readonly refused?: string;
  readonly stays: boolean;
  /** The runs that are under way, for people. */
  readonly active: readonly WorkflowRun[];
  /** What is remembered, where not all was done that was decided. */
  readonly memory: Memory;
}

/** Reasons that hold while something is so; all others tell of what happened last, and stay until something else does. */
const STATES: ReadonlySet<string> = new Set<Reason>([
  'ScheduleSuspended',
  'ScheduleEnded',
  'ClockBehind',
  'SlotQueued',
]);

export function memoryOf(status: ScheduleStatus | undefined): Memory | undefined {
  if (!status) return undefined;
  const { lastSlot, queued = [], suspended = false, timing } = status;
  const mark = epochOf(lastSlot);
  if (mark === undefined) return undefined;
  return { mark, queued: queued.flatMap((slot) => epochOf(slot) ?? []), suspended, timing };
}

/** The status of a schedule after what was done. It is a function of what happened, so that nothing is written twice. */
export function statusOf(name: string, before: ScheduleStatus | undefined, applied: Applied): ScheduleStatus {
  const { due, slots, started, memory, given } = applied;
  const newest = started.at(-1);
  const lastRun = newest ? { name: newest.name, slot: timeOf(newest.slot) } : before?.lastRun;
  const missed = (before?.missed ?? 0) + due.missed.count + given;
  const skipped = (before?.skipped ?? 0) + due.skipped.length;
  const startedCount = (before?.started ?? 0) + started.length;
  return {
    name,
    lastSlot: timeOf(memory.mark),
    ...(lastRun ? { lastRun } : {}),
    ...(memory.suspended ? { suspended: true as const } : { nextRuns: nextRuns(slots, memory.mark).map(timeOf) }),
    ...(memory.queued.length > 0 ? { queued: memory.queued.map(timeOf) } : {}),
    ...(startedCount > 0 ? { started: startedCount } : {}),
    ...(missed > 0 ? { missed } : {}),
    ...(skipped > 0 ? { skipped } : {}),
    ...newsOf(applied, before),
    timing: memory.timing,
  };
}

function nextRuns(slots: Slots, mark: number): number[] {
  const next: number[] = [];
  for (let slot = slots.next(mark); slot !== undefined && next.length < NEXT_RUNS; slot = slots.next(slot)) {
    next.push(slot);
  }
  return next;
}

type News = { reason?: string; message?: string };

function newsOf(applied: Applied, before: ScheduleStatus | undefined): News {
  const now = stateNews(applied) ?? pastNews(applied);
  if (now) return { reason: now[0], message: now[1].slice(0, 512) };
  const { reason, message } = before ?? {};
  if (reason === undefined || STATES.has(reason)) return {};
  return { reason, ...(message === undefined ? {} : { message }) };
}

function stateNews({ refused, due, memory, active }: Applied): [Reason, string] | undefined {
  if (refused) return ['SlotRefused', refused];
  if (due.isClockBehind) {
    const mark = timeOf(memory.mark);
    return [
      'ClockBehind',
      `slots up to ${mark} are already handled, but the clock is earlier; rename the schedule to start over`,
    ];
  }
  if (memory.suspended) return ['ScheduleSuspended', 'suspended; set suspend to false to resume from that time on'];
  if (memory.queued.length > 0) {
    return ['SlotQueued', `${countOf(memory.queued.length)} waiting for ${namesOf(active)} to end`];
  }
  if (due.nextAt === undefined) return ['ScheduleEnded', 'no further slots'];
  return undefined;
}

function pastNews({ due, active, started }: Applied): [Reason, string] | undefined {
  const skipped = due.skipped.at(-1);
  if (skipped !== undefined) {
    const why = active.length > 0 ? namesOf(active) : (started.at(-1)?.name ?? 'a newer slot');
    return ['SlotSkipped', `${countOf(due.skipped.length)} skipped, last ${timeOf(skipped)}: ${why} was in progress`];
  }
  if (due.missed.count > 0) {
    const { count, newest } = due.missed;
    const last = newest === undefined ? '' : `, last ${timeOf(newest)}`;
    return ['SlotsMissed', `${countOf(count)} missed the starting deadline${last}`];
  }
  const newest = started.at(-1);
  return newest && ['SlotStarted', `run ${newest.name} was started for ${timeOf(newest.slot)}`];
}

const countOf = (count: number): string => `${count} slot${count === 1 ? '' : 's'}`;

function namesOf(runs: readonly WorkflowRun[]): string {
  const names = runs.slice(0, 3).map(({ metadata }) => metadata.name);
  return names.length === 0 ? 'the previous run' : names.join(', ');
}

/** What the columns of the Workflow show of all schedules. */
export function columnsOf(schedules: readonly ScheduleStatus[]): Pick<WorkflowStatus, 'nextRun' | 'lastSchedule'> {
  const next = schedules.flatMap(({ nextRuns: [first] = [] }) => first ?? []).sort()[0];
  const last = schedules
    .flatMap(({ lastRun }) => lastRun?.slot ?? [])
    .sort()
    .at(-1);
  return { ...(next ? { nextRun: next } : {}), ...(last ? { lastSchedule: last } : {}) };
}
