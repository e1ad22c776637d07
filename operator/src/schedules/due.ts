import { MAX_CATCH_UP } from '../api/index.ts';
import type { Rule } from './rule.ts';
import { newestSlots, type Slots } from './slots.ts';

/** Maximum of runs that one decision starts; `more` is true if further ones are due. */
export const MAX_STARTS = 50;
/** Maximum of slots that one decision considers; older ones count as missed. */
const MAX_LOOKED_AT = 2 * MAX_CATCH_UP;
/** A clock that is behind the mark by more than this is reported, ms. */
const TOLD_BEHIND_MS = 15 * 60_000;

/** The stored memory of a schedule. */
export interface Memory {
  /** Every slot up to this time is decided. It never moves back. */
  readonly mark: number;
  /** Slots up to the mark that are queued until a run ends, oldest first. */
  readonly queued: readonly number[];
  readonly suspended: boolean;
  /** Digest of the fields that determine the slots. */
  readonly timing: string;
}

/** A run that exists for a slot. */
export interface SlotRun {
  readonly slot: number;
  /** Whether the run is in progress, and counts for overlap. */
  readonly isActive: boolean;
}

/** The inputs of a decision on a schedule. */
export interface Scheduled {
  readonly rule: Rule;
  readonly slots: Slots;
  readonly timing: string;
  /** Delay of a run after its slot, ms. */
  readonly delayOf: (slot: number) => number;
}

export interface Due {
  /** The slots to start a run for now, oldest first. */
  readonly start: readonly number[];
  /** Whether to cancel the active runs, because a slot is queued after them. */
  readonly cancel: boolean;
  /** Slots that are skipped because a run is active or a newer slot replaces them. */
  readonly skipped: readonly number[];
  /** Slots that were not started in time and are not caught up: their minimum count, and the newest. */
  readonly missed: { readonly count: number; readonly newest?: number };
  /** The memory to store after the runs of `start` exist, and not before. */
  readonly memory: Memory;
  /** When the next slot is due, if there is one. */
  readonly nextAt: number | undefined;
  /** Whether more runs are due: decide again at once. */
  readonly more: boolean;
  /** Whether the clock is well before slots that have been started. */
  readonly isClockBehind: boolean;
}

/**
 * Decides which slots of a schedule to start now. Pure, and defined for every memory: repeated with the same memory, as
 * after a crash, it returns the same slots, and slots that already have a run are not started again.
 * @param since the start of a schedule without a memory
 */
export function due(
  scheduled: Scheduled,
  before: Memory | undefined,
  runs: readonly SlotRun[],
  now: number,
  since = now,
): Due {
  const { rule, slots } = scheduled;
  const memory = settled(scheduled, before, now, since);
  if (rule.suspend) {
    return { ...nothing(memory), skipped: memory.queued, memory: { ...memory, queued: [] } };
  }
  const window = newestSlots(slots, memory.mark, now, MAX_LOOKED_AT);
  const cut = window.slots.findIndex((slot) => slot + scheduled.delayOf(slot) > now);
  const reached = cut < 0 ? window.slots : window.slots.slice(0, cut);
  const { taken, missed } = madeUpFor(scheduled, reached, now);
  const turn = takeTurns(rule, memory, taken, runs);
  const mark = turn.more ? turn.mark : (reached.at(-1) ?? memory.mark);
  const next = slots.next(mark);
  const older = window.complete ? 0 : MAX_LOOKED_AT;
  return {
    ...turn,
    missed: { count: missed.length + older, ...(missed.length > 0 ? { newest: missed.at(-1) as number } : {}) },
    memory: { ...memory, mark, queued: turn.queued },
    nextAt: next === undefined ? undefined : next + scheduled.delayOf(next),
    isClockBehind: memory.mark - now > TOLD_BEHIND_MS,
  };
}

const nothing = (memory: Memory): Due => ({
  ...{ start: [], cancel: false, skipped: [], missed: { count: 0 }, memory },
  ...{ nextAt: undefined, more: false, isClockBehind: false },
});

/** The memory after changes of the schedule, which apply from now on and never to the past. */
function settled({ rule, timing }: Scheduled, before: Memory | undefined, now: number, since: number): Memory {
  const from = Math.floor(Math.min(since, now) / 1000) * 1000;
  if (!before) return { mark: from, queued: [], suspended: rule.suspend, timing };
  const isAnew = (before.suspended && !rule.suspend) || before.timing !== timing;
  const mark = isAnew ? Math.max(before.mark, Math.floor(now / 1000) * 1000) : before.mark;
  return { mark, queued: before.queued, suspended: rule.suspend, timing };
}

/** Selects the due slots that get a run: those in time, and late ones according to catchUp. */
function madeUpFor({ rule, delayOf }: Scheduled, reached: readonly number[], now: number) {
  const firstInTime = reached.findIndex((slot) => now - slot - delayOf(slot) <= rule.deadlineMs);
  const late = firstInTime < 0 ? reached : reached.slice(0, firstInTime);
  const inTime = reached.slice(late.length);
  const kept = late.slice(late.length - keptOf(rule, late.length, inTime.length));
  return { taken: [...kept, ...inTime], missed: late.slice(0, late.length - kept.length) };
}

function keptOf({ catchUp, maxCatchUp }: Rule, late: number, inTime: number): number {
  if (catchUp === 'All') return Math.min(late, maxCatchUp);
  return catchUp === 'Last' && inTime === 0 ? Math.min(late, 1) : 0;
}

interface Turns {
  readonly start: readonly number[];
  readonly cancel: boolean;
  readonly skipped: readonly number[];
  readonly queued: readonly number[];
  readonly more: boolean;
  /** The last decided slot, if there are more. */
  readonly mark: number;
}

/** Applies overlap. Slots that already have a run, active or ended, are not started again. */
function takeTurns(rule: Rule, memory: Memory, taken: readonly number[], runs: readonly SlotRun[]): Turns {
  const through = new Set(runs.map(({ slot }) => slot));
  const pending = [...memory.queued, ...taken].filter((slot) => !through.has(slot));
  const isBusy = runs.some(({ isActive }) => isActive);
  const none = { start: [], cancel: false, skipped: [], queued: [], more: false, mark: memory.mark };
  if (pending.length === 0) return none;
  if (rule.overlap === 'Allow') {
    const start = pending.slice(0, MAX_STARTS);
    const rest = pending.slice(MAX_STARTS);
    const queued = rest.filter((slot) => slot <= memory.mark);
    return { ...none, start, queued, more: rest.length > 0, mark: Math.max(memory.mark, start.at(-1) ?? 0) };
  }
  const [first, ...others] = pending;
  if (rule.overlap === 'CancelRunning') {
    const newest = pending.slice(-1);
    const skipped = pending.slice(0, -1);
    return isBusy ? { ...none, cancel: true, skipped, queued: newest } : { ...none, start: newest, skipped };
  }
  const start = isBusy || first === undefined ? [] : [first];
  const waiting = isBusy ? pending : others;
  if (rule.overlap === 'Skip') return { ...none, start, skipped: waiting };
  return { ...none, start, queued: waiting.slice(0, rule.maxQueued), skipped: waiting.slice(rule.maxQueued) };
}
