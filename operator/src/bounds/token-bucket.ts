/** How many tokens a bucket holds, and the milliseconds in which an empty one fills up. Both are at least 1. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** Tokens taken and not yet returned, as they were at a time in milliseconds. More than `count` after a rate was lowered. */
export interface Bucket {
  readonly taken: number;
  readonly at: number;
}

/** Milliseconds in which so many tokens return. Whole numbers are multiplied first: a token of 10/7 s has no exact share. */
const waitFor = ({ count, perMs }: Rate, tokens: number): number => Math.ceil((tokens * perMs) / count);

/** The bucket as it is `now`. Tokens return whole; what has passed of the next one's time counts for it. */
export function drained(rate: Rate, { taken, at }: Bucket, now: number): Bucket {
  // A wall clock that was set back must not stop the rate until it has caught up.
  const since = Math.min(at, now);
  const returned = Math.floor(((now - since) * rate.count) / rate.perMs);
  if (returned >= taken) return { taken: 0, at: now };
  return { taken: taken - returned, at: Math.min(now, since + waitFor(rate, returned)) };
}

/** How many tokens may be taken `now`; none while more are taken than the rate allows. */
export function takeable(rate: Rate, bucket: Bucket, now: number): number {
  return Math.max(0, rate.count - drained(rate, bucket, now).taken);
}

/** The time at which so many tokens may be taken at once, in milliseconds of the clock of `now`; `now` if at once. */
export function takeableAt(rate: Rate, bucket: Bucket, now: number, tokens: number): number {
  const { taken, at } = drained(rate, bucket, now);
  const missing = taken + tokens - rate.count;
  return missing <= 0 ? now : Math.max(now, at + waitFor(rate, missing));
}
