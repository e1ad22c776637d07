import type { Rule } from './rule.ts';
import { newestSlots, slotsOf } from './slots.ts';

/** A window of time, and the order of its slots; milliseconds, `to` excluded. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly order: 'OldestFirst' | 'NewestFirst';
}

/**
 * The slots of the crons in a window, in its order, regardless of startAt, endAt and suspend of the schedule. Undefined
 * when there are more than `limit`.
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

/** Whether a slot of a window comes after the cursor, which may be undefined, in its order. */
export function isBeyond(slot: number, cursor: number | undefined, order: Window['order']): boolean {
  if (cursor === undefined) return true;
  return order === 'NewestFirst' ? slot < cursor : slot > cursor;
}
