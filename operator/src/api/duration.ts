import { z } from 'zod';
import { matching } from './scalars.ts';

/**
 * Go's duration syntax, the form that Kubernetes uses, restricted to whole hours, minutes, seconds and milliseconds.
 */
export const DURATION_PATTERN = '^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?([0-9]{1,9}ms)?$';

/** A duration as a Go string, such as `1h30m`, `10s` or `250ms`. */
export const duration = (description: string) =>
  matching(z.string().min(2).max(32), DURATION_PATTERN, 'write a duration like 10s, 5m or 1h30m').describe(
    `${description} A duration such as 10s, 5m or 1h30m.`,
  );

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/(\d+)h/, 3_600_000],
  [/(\d+)m(?!s)/, 60_000],
  [/(\d+)s/, 1_000],
  [/(\d+)ms/, 1],
];

/**
 * Milliseconds of a duration string. The schema has already refused texts that do not match DURATION_PATTERN, so an
 * error here is a programming error.
 * @throws RangeError when the text is not a duration
 */
export function parseDuration(text: string): number {
  if (text === '' || !new RegExp(DURATION_PATTERN).test(text)) {
    throw new RangeError(`"${text}" is not a valid duration; use a duration such as 10s, 5m or 1h30m`);
  }
  let total = 0;
  for (const [pattern, unit] of UNITS) total += Number(pattern.exec(text)?.[1] ?? 0) * unit;
  return total;
}

/** A count per duration as whole numbers, the period in milliseconds; a period below a millisecond counts as one. */
export function rateOf({ count, per }: { readonly count: number; readonly per: string }) {
  return { count, perMs: Math.max(parseDuration(per), 1) };
}
