import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBuckets } from './token-buckets.ts';

describe('token buckets', () => {
  const rate = { count: 2, perMs: 10_000 };

  it('give as many tokens at once as the rate counts, then one for each share of the period', () => {
    const buckets = new TokenBuckets(10);
    expect([0, 0, 1_000, 5_000, 5_000].map((now) => buckets.take('a', rate, now))).toEqual([0, 0, 4_000, 0, 5_000]);
  });

  it('are separate for each key and never hold more than the rate counts', () => {
    const buckets = new TokenBuckets(10);
    for (const key of ['a', 'a', 'b']) expect(buckets.take(key, rate, 0)).toBe(0);
    expect([1, 2, 3].map(() => buckets.take('a', rate, 1_000_000) === 0)).toEqual([true, true, false]);
  });

  it('start full again for the key that asked longest ago once there are too many keys', () => {
    const buckets = new TokenBuckets(2);
    const once = { count: 1, perMs: 1_000 };
    for (const key of ['a', 'b', 'a', 'c']) buckets.take(key, once, 0);
    expect(['a', 'b'].map((key) => buckets.take(key, once, 0) === 0)).toEqual([false, true]);
  });

  it('have a token at the time that a refusal names', () => {
    const cases = fc.record({ count: fc.integer({ min: 1, max: 100 }), perMs: fc.integer({ min: 1, max: 60_000 }) });
    fc.assert(
      fc.property(cases, fc.array(fc.nat(1_000)), (tested, waits) => {
        const buckets = new TokenBuckets(1);
        let now = 0;
        for (const wait of waits) {
          now += wait;
          const left = buckets.take('a', tested, now);
          if (left > 0) expect(buckets.take('a', tested, now + left)).toBe(0);
          now += left;
        }
      }),
    );
  });
});
