import { nextWall } from './cron.ts';
import type { CronRule, Rule } from './rule.ts';
import { type Stretch, stretchAt } from './zone.ts';

/** The slots of a schedule: whole seconds, in milliseconds since 1970. */
export interface Slots {
  /** The first slot after a time; undefined when there is none. */
  next(after: number): number | undefined;
}

/** More than the UTC offset of any zone. */
const WIDEST_OFFSET_MS = 26 * 3_600_000;
/** Maximum of stretches for one slot. The next time of a cron leads directly to the next stretch. */
const MAX_STRETCHES = 100;
const SECOND_MS = 1000;

export function slotsOf({
  crons,
  timeZone,
  startAt,
  endAt,
}: Pick<Rule, 'crons' | 'timeZone' | 'startAt' | 'endAt'>): Slots {
  return {
    next(after) {
      const from = Math.max(after + 1, startAt ?? Number.NEGATIVE_INFINITY);
      const slot = firstFrom(crons, timeZone, Math.ceil(from / SECOND_MS) * SECOND_MS);
      return slot !== undefined && endAt !== undefined && slot > endAt ? undefined : slot;
    },
  };
}

/** The first slot at or after a time. */
function firstFrom(crons: readonly CronRule[], zone: string, from: number): number | undefined {
  let at = from;
  for (let turn = 0; turn < MAX_STRETCHES; turn++) {
    const stretch = stretchAt(zone, at);
    const found = crons.map((rule) => inStretch(rule, stretch, at));
    const slots = found.flatMap(({ slot }) => (slot === undefined ? [] : [slot]));
    if (slots.length > 0) return Math.min(...slots);
    const later = found.flatMap(({ later: wall }) => (wall === undefined ? [] : [wall]));
    if (later.length === 0) return undefined;
    at = Math.max(stretch.end, Math.min(...later) - WIDEST_OFFSET_MS);
  }
  return undefined;
}

interface Found {
  /** The first slot in the stretch. */
  readonly slot?: number;
  /** Without a slot in the stretch: the next local time that the cron names. */
  readonly later?: number | undefined;
}

function inStretch(
  { cron, skipped, repeated }: CronRule,
  { start, end, offset, change }: Stretch,
  from: number,
): Found {
  const at = Math.max(start, from);
  const jump = change === undefined ? 0 : offset - change.before;
  const told = change === undefined ? 0 : change.at + change.before;
  const lowest = jump < 0 && repeated === 'First' ? Math.max(at + offset, told) : at + offset;
  const wall = nextWall(cron, lowest - SECOND_MS);
  const own = wall !== undefined && wall - offset < end ? wall - offset : undefined;
  const shifted = jump > 0 && skipped === 'Shift' ? shiftedSlot(cron, change?.before ?? 0, told, jump, at) : undefined;
  const slots = [own, shifted].filter((slot) => slot !== undefined && slot < end);
  return slots.length === 0 ? { later: wall } : { slot: Math.min(...(slots as number[])) };
}

/** The slot of a local time that the clock skipped: later by the length of the jump. */
function shiftedSlot(cron: string, before: number, told: number, jump: number, at: number): number | undefined {
  const wall = nextWall(cron, Math.max(at + before, told) - SECOND_MS);
  return wall !== undefined && wall < told + jump ? wall - before : undefined;
}

/**
 * The newest slots after one time and up to another, oldest first: all of them if there are no more than `limit`
 * (`complete`), else at least half as many as that.
 */
export function newestSlots(
  slots: Slots,
  after: number,
  until: number,
  limit: number,
): { readonly slots: readonly number[]; readonly complete: boolean } {
  const first = between(slots, after, until, limit + 1);
  if (first.length <= limit) return { slots: first, complete: true };
  let from = Math.max(after, until - limit * SECOND_MS);
  let found = between(slots, from, until, limit + 1);
  let step = limit * SECOND_MS;
  let mayGrow = true;
  // Goes back in growing steps, and in smaller ones after too many slots, until there are enough.
  while (found.length < limit / 2 && from > after && step >= SECOND_MS) {
    const earlier = Math.max(after, from - step);
    const more = between(slots, earlier, until, limit + 1);
    mayGrow = mayGrow && more.length <= limit;
    if (more.length <= limit) [from, found] = [earlier, more];
    if (mayGrow) step *= 2;
    else if (more.length > limit) step /= 4;
  }
  return { slots: found.slice(-limit), complete: false };
}

function between(slots: Slots, after: number, until: number, limit: number): number[] {
  const found: number[] = [];
  for (let slot = slots.next(after); slot !== undefined && slot <= until; slot = slots.next(slot)) {
    if (found.push(slot) >= limit) break;
  }
  return found;
}
