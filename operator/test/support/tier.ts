/** How much this run of the tests is to try: `npm test` a part, `npm run test:full` all. */
import { randomOf, SEED } from './random.ts';

/** The options of a test that takes longer than `npm test` may; a whole file has `@module-tag full` in its first comment. */
export const FULL = { tags: ['full'] };

/** Without `npm test` around it, a test runs whole. */
export const IS_FULL = process.env.ADO_TIER !== 'quick';

/**
 * In the quick tier one of `of` cases, those of this run's seed; at least one. In the full
 * tier all of them. `salt` lets lists of the same length differ in what is chosen.
 */
export function sampleOf<T>(cases: readonly T[], of: number, salt = ''): readonly T[] {
  if (IS_FULL || cases.length === 0) return cases;
  const own = [...salt].reduce((sum, character) => sum + character.charCodeAt(0), SEED);
  const first = Math.floor(randomOf(own)() * Math.min(of, cases.length));
  return cases.filter((_, index) => index % of === first);
}
