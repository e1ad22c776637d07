import { describe, expect, it } from 'vitest';
import { RateLimits } from './rate-limits.ts';

describe('the rate limit of a trigger', () => {
  const limit = { count: 2, per: '10s' };

  it('admits a burst of `count`, then one request for each share of `per`', () => {
    const limits = new RateLimits();
    expect([limits.take('a', limit, 0), limits.take('a', limit, 0)]).toEqual([undefined, undefined]);
    expect(limits.take('a', limit, 1000)).toBe(4000);
    expect(limits.take('a', limit, 5000)).toBeUndefined();
    expect(limits.take('a', limit, 5000)).toBe(5000);
  });

  it('is separate for each trigger, and never exceeds its count', () => {
    const limits = new RateLimits();
    limits.take('a', limit, 0);
    limits.take('a', limit, 0);
    expect(limits.take('b', limit, 0)).toBeUndefined();
    const later = 1_000_000;
    expect([1, 2, 3].map(() => limits.take('a', limit, later) === undefined)).toEqual([true, true, false]);
  });

  it('is 600 a minute by default', () => {
    const limits = new RateLimits();
    const taken = Array.from({ length: 601 }, () => limits.take('a', undefined, 0) === undefined);
    expect(taken.filter(Boolean)).toHaveLength(600);
  });
});
