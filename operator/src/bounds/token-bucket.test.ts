import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bucket, drained, takeable, takeableAt } from './token-bucket.ts';

const rate = { count: 10, perMs: 60_000 };

describe('a token bucket', () => {
  it('gives as many tokens at once as it holds, then one for each share of the period', () => {
    const full: Bucket = { taken: 10, at: 0 };
    expect(takeable(rate, { taken: 0, at: 0 }, 0)).toBe(10);
    expect(takeable(rate, full, 5_999)).toBe(0);
    expect(takeable(rate, full, 6_000)).toBe(1);
    expect(takeable(rate, full, 60_000)).toBe(10);
    expect(takeableAt(rate, full, 0, 3)).toBe(18_000);
  });

  it('does not stop when the clock is set back', () => {
    expect(takeable(rate, { taken: 10, at: 3_600_000 }, 6_000)).toBe(0);
    expect(drained(rate, { taken: 10, at: 3_600_000 }, 6_000)).toEqual({ taken: 10, at: 6_000 });
  });

  it('never gives more tokens than it holds and the time since has returned, however it is asked', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 20_000 }), want: fc.integer({ min: 1, max: 10 }) }),
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5_000 }), (asks, count) => {
        const tested = { count, perMs: 60_000 };
        let bucket: Bucket = { taken: 0, at: 0 };
        let now = 0;
        let taken = 0;
        for (const { wait, want } of asks) {
          now += wait;
          if (want > takeable(tested, bucket, now)) continue;
          const left = drained(tested, bucket, now);
          bucket = { taken: left.taken + want, at: left.at };
          taken += want;
          expect(taken).toBeLessThanOrEqual(count + (now * count) / 60_000);
        }
      }),
    );
  });

  it('has a token at the time that it names, also where one returns between two milliseconds', () => {
    const sevenths = { count: 7, perMs: 10_000 };
    const bucket = { taken: 1987, at: 0 };
    expect(takeable(sevenths, bucket, takeableAt(sevenths, bucket, 0, 1))).toBe(1);
  });

  it('names a time at which it does give so many tokens', () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 1_000 }),
      taken: fc.integer({ min: 0, max: 2_000 }),
      want: fc.integer({ min: 1, max: 1_000 }),
    });
    fc.assert(
      fc.property(cases, ({ count, taken, want }) => {
        fc.pre(want <= count);
        const tested = { count, perMs: 10_000 };
        const at = takeableAt(tested, { taken, at: 0 }, 0, want);
        expect(takeable(tested, { taken, at: 0 }, at)).toBeGreaterThanOrEqual(want);
      }),
    );
  });
});
