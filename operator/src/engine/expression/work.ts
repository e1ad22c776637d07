/**
 * A bound for the work of one judgement, in units of about a microsecond. It is counted from what is looked at and never
 * from a clock or a cache, so the same definition gets the same answer on every machine. It is a count of the current,
 * synchronous judgement only: where none is under way, nothing is counted.
 */
export const MAX_WORK = 1_500_000;

/** What was too much. */
export class TooComplexError extends Error {
  override readonly name = 'TooComplexError';
}

let left = Number.POSITIVE_INFINITY;

/** What the last judgement took; for tests, which count work where time would depend on the machine. */
export const work = { last: 0 };

/** @throws TooComplexError when the judgement has used up its work */
export function spend(units: number): void {
  // What is refused is not done, so it does not count either.
  if (units > left) throw new TooComplexError('the expressions, patterns and values are too complex to check');
  left -= units;
}

/** What `judge` yields, or `otherwise` when it takes more than the work it is given. */
export function withinWork<T>(judge: () => T, otherwise: () => T, limit: number = MAX_WORK): T {
  const outer = left;
  left = limit;
  try {
    return judge();
  } catch (error) {
    if (error instanceof TooComplexError) return otherwise();
    throw error;
  } finally {
    work.last = limit - left;
    left = outer;
  }
}
