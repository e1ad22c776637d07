import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bucket, drained, takeable, takeableAt } from './rate.ts';

const rate = { count: 10, per: '1m' };

describe('a rate', () => {
  it('lets as many be taken at once as its count, then one for each share of the period', () => {
    const full: Bucket = { taken: 10, at: 0 };
    expect(takeable(rate, { taken: 0, at: 0 }, 0)).toBe(10);
    expect(takeable(rate, full, 5_999)).toBe(0);
    expect(takeable(rate, full, 6_000)).toBe(1);
    expect(takeable(rate, full, 60_000)).toBe(10);
    expect(takeableAt(rate, full, 0, 3)).toBe(18_000);
  });

  it('does not stop when the clock is put back', () => {
    expect(takeable(rate, { taken: 10, at: 3_600_000 }, 6_000)).toBe(0);
    expect(drained(rate, { taken: 10, at: 3_600_000 }, 6_000)).toEqual({ taken: 10, at: 6_000 });
  });

  it('has no limit where there is none', () => {
    expect(takeable(undefined, { taken: 1_000_000, at: 0 }, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('never lets more be taken than its count and what the time since has freed, however it is asked', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 0, max: 20_000 }), want: fc.integer({ min: 1, max: 10 }) }),
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5_000 }), (asks, count) => {
        const tested = { count, per: '1m' };
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

  it('lets be taken at the time that it says, also where a permit comes at no whole millisecond', () => {
    const sevenths = { count: 7, per: '10s' };
    const bucket = { taken: 1987, at: 0 };
    expect(takeable(sevenths, bucket, takeableAt(sevenths, bucket, 0, 1))).toBe(1);
  });

  it('says a time at which it does let so many be taken', () => {
    const cases = fc.record({
      count: fc.integer({ min: 1, max: 1_000 }),
      taken: fc.integer({ min: 0, max: 2_000 }),
      want: fc.integer({ min: 1, max: 1_000 }),
    });
    fc.assert(
      fc.property(cases, ({ count, taken, want }) => {
        fc.pre(want <= count);
        const tested = { count, per: '10s' };
        const at = takeableAt(tested, { taken, at: 0 }, 0, want);
        expect(takeable(tested, { taken, at: 0 }, at)).toBeGreaterThanOrEqual(want);
      }),
    );
  });
});
