import { parseDuration, type SemaphoreSpec } from '../../api/index.ts';

/** Permits taken that do not yet count as free to be taken again, as they were at a time (epoch ms). */
export interface Bucket {
  readonly taken: number;
  readonly at: number;
}

type Rate = NonNullable<SemaphoreSpec['rate']>;

/** Milliseconds after which one more permit may be taken. */
const tickOf = ({ count, per }: Rate): number => Math.max(parseDuration(per), 1) / count;

/** The bucket as it is now. Whole permits only; what is left of a tick counts for the next one. */
export function drained(rate: Rate, { taken, at }: Bucket, now: number): Bucket {
  // A clock that was put back must not stop the rate until it has caught up.
  const since = Math.min(at, now);
  const tick = tickOf(rate);
  const free = Math.floor((now - since) / tick);
  if (free >= taken) return { taken: 0, at: now };
  return { taken: taken - free, at: Math.min(now, Math.ceil(since + free * tick)) };
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
  return missing <= 0 ? now : Math.max(now, Math.ceil(at + missing * tickOf(rate)));
}
