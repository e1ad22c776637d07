import { MAX_CATCH_UP } from '../api/index.ts';
import type { Rule } from './rule.ts';
import { newestSlots, type Slots } from './slots.ts';

/** How many runs one decision starts; `more` says that there are further ones. */
export const MAX_STARTS = 50;
/** How many slots one decision looks at; those before them were missed long ago. */
const MAX_LOOKED_AT = 2 * MAX_CATCH_UP;
/** A clock that is behind the mark by more than this is told about, ms. */
const TOLD_BEHIND_MS = 15 * 60_000;

/** What is remembered of a schedule. */
export interface Memory {
  /** It is decided what became of every slot up to this time. It never moves back. */
  readonly mark: number;
  /** Slots up to the mark that wait for a run to end, oldest first. */
  readonly queued: readonly number[];
  readonly suspended: boolean;
  /** Digest of what names the slots. */
  readonly timing: string;
}

/** A run that exists for a slot. */
export interface SlotRun {
  readonly slot: number;
  /** It is under way, and counts for overlap. */
  readonly isActive: boolean;
}

/** A schedule as a decision sees it. */
export interface Scheduled {
  readonly rule: Rule;
  readonly slots: Slots;
  readonly timing: string;
  /** How much later than a slot its run starts, ms. */
  readonly delayOf: (slot: number) => number;
}

export interface Due {
  /** The slots to start a run for now, oldest first. */
  readonly start: readonly number[];
  /** The runs under way are to be cancelled: a slot waits for their end. */
  readonly cancel: boolean;
  /** Slots that pass, because a run is under way or a newer slot takes their place. */
  readonly skipped: readonly number[];
  /** Slots that were not started in time and are not made up for: how many at least, and the newest. */
  readonly missed: { readonly count: number; readonly newest?: number };
  /** What is to be remembered once the runs of `start` exist, and not before. */
  readonly memory: Memory;
  /** When the next slot is due, if one is. */
  readonly nextAt: number | undefined;
  /** There is more to start: decide again at once. */
  readonly more: boolean;
  /** The clock shows a time well before slots that have been started. */
  readonly isClockBehind: boolean;
}

/**
 * What a schedule calls for now. Pure, and total over what is remembered: decided again from the same memory, as after a
 * crash, it calls for the same slots, and those that have a run already are not started again.
 * `since` is from when on a schedule counts that nothing is remembered of.
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

/** What is remembered, with what has been changed by hand: that counts from now on, and never for what has passed. */
function settled({ rule, timing }: Scheduled, before: Memory | undefined, now: number, since: number): Memory {
  const from = Math.floor(Math.min(since, now) / 1000) * 1000;
  if (!before) return { mark: from, queued: [], suspended: rule.suspend, timing };
  const isAnew = (before.suspended && !rule.suspend) || before.timing !== timing;
  const mark = isAnew ? Math.max(before.mark, Math.floor(now / 1000) * 1000) : before.mark;
  return { mark, queued: before.queued, suspended: rule.suspend, timing };
}

/** Which of the slots that are due get a run at all: those in time, and what catchUp says of the others. */
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
  /** The last slot that was looked at, where there are more. */
  readonly mark: number;
}

/** What overlap says. Slots that have a run are through already, whether it is over or not. */
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
