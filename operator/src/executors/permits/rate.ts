import { parseDuration, type SemaphoreSpec } from '../../api/index.ts';

/** Permits taken that do not yet count as free to be taken again, as they were at a time (epoch ms). */
export interface Bucket {
  readonly taken: number;
  readonly at: number;
}

type Rate = NonNullable<SemaphoreSpec['rate']>;

/** Milliseconds in which `count` permits may be taken. Whole numbers are multiplied first: a tick of 10/7 s is none. */
const perOf = ({ per }: Rate): number => Math.max(parseDuration(per), 1);

/** Milliseconds after which so many more permits may be taken. */
const waitFor = (rate: Rate, permits: number): number => Math.ceil((permits * perOf(rate)) / rate.count);

/** The bucket as it is now. Whole permits only; what is left of a tick counts for the next one. */
export function drained(rate: Rate, { taken, at }: Bucket, now: number): Bucket {
  // A clock that was put back must not stop the rate until it has caught up.
  const since = Math.min(at, now);
  const free = Math.floor(((now - since) * rate.count) / perOf(rate));
  if (free >= taken) return { taken: 0, at: now };
  return { taken: taken - free, at: Math.min(now, since + waitFor(rate, free)) };
}

/** How many permits may be taken now. A limit that was lowered below what is taken gives none. */
export function takeable(rate: Rate | undefined, bucket: Bucket, now: number): number {
  if (!rate) return Number.POSITIVE_INFINITY;
  return Math.max(0, rate.count - drained(rate, bucket, now).taken);
}

/** When so many permits may be taken at once, in epoch milliseconds; `now` if at once. */
export function takeableAt(rate: Rate, bucket: Bucket, now: number, permits: number): number {
  const { taken, at } = drained(rate, bucket, now);
  const missing = taken + permits - rate.count;
  return missing <= 0 ? now : Math.max(now, at + waitFor(rate, missing));
}
