import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isReviewPath, isShapedAsPath, type ReviewPath, rotatedPaths, unpackedPaths } from './paths.ts';

const HOUR_MS = 3_600_000;
const RULES = { periodMs: HOUR_MS, legacy: '/review/legacy' };
/** The steps: after so many ms, a replica that has just started, or not, renews the paths. */
const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 * HOUR_MS }), fc.boolean()), { maxLength: 60 });

describe('paths of reviews', () => {
  it('are registered for an hour and accepted three minutes longer, whichever replica starts when', () => {
    fc.assert(
      fc.property(steps, (looks) => {
        let now = 0;
        let paths: readonly ReviewPath[] = [];
        const told = new Map<string, number>();
        for (const [later, isEarly] of looks) {
          now += later;
          paths = rotatedPaths(paths, RULES, now, isEarly);
          const [{ path } = { path: '' }] = paths;
          expect(isReviewPath(paths, path, now)).toBe(true);
          expect(isShapedAsPath(path)).toBe(true);
          expect(paths.length).toBeLessThanOrEqual(8);
          for (const old of told.keys()) {
            if (old !== path) expect(isReviewPath(paths, old, now + 3 * 60_000)).toBe(false);
          }
          told.set(path, now);
        }
      }),
    );
  });

  it('are decoded as stored, and empty if the stored text is invalid', () => {
    const paths = rotatedPaths(rotatedPaths([], RULES, 0, false), RULES, HOUR_MS, false);
    expect(paths).toHaveLength(2);
    expect(unpackedPaths(JSON.stringify(paths))).toEqual(paths);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        for (const { path } of unpackedPaths(text)) expect(isShapedAsPath(path)).toBe(true);
      }),
    );
  });

  it('are replaced after a clock was ahead', () => {
    const ahead = rotatedPaths([], RULES, 1000 * HOUR_MS, false);
    expect(rotatedPaths(ahead, RULES, 0, false)[0]?.path).not.toBe(ahead[0]?.path);
  });
});
