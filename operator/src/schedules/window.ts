import type { Rule } from './rule.ts';
import { newestSlots, slotsOf } from './slots.ts';

/** A window of time, and the order in which its slots come; milliseconds, `to` not included. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly order: 'OldestFirst' | 'NewestFirst';
}

/**
 * The slots in a window, in its order: what the crons name, whatever startAt, endAt and suspend say of the schedule.
 * Undefined when there are more than `limit`.
 */
export function slotsIn(
  rule: Pick<Rule, 'crons' | 'timeZone'>,
  { from, to, order }: Window,
  limit: number,
): readonly number[] | undefined {
  const slots = slotsOf({ ...rule, startAt: undefined, endAt: undefined });
  const found = newestSlots(slots, from - 1, to - 1, limit);
  if (!found.complete) return undefined;
  return order === 'NewestFirst' ? [...found.slots].reverse() : found.slots;
}

/** Whether a slot of a window comes after another one, or after nothing. */
export function isBeyond(slot: number, cursor: number | undefined, order: Window['order']): boolean {
  if (cursor === undefined) return true;
  return order === 'NewestFirst' ? slot < cursor : slot > cursor;
}
