import { describe, expect, it } from 'vitest';
import { BoundedCache } from './cache.ts';

const once = (cache: BoundedCache<string>, key: string, weight = 1): boolean => {
  let computed = false;
  cache.getOrAdd(
    key,
    () => {
      computed = true;
      return key;
    },
    () => weight,
  );
  return computed;
};

describe('the bounded cache', () => {
  it('computes a value once', () => {
    const cache = new BoundedCache<string>(10, 10);
    expect([once(cache, 'a'), once(cache, 'a')]).toEqual([true, false]);
  });

  it('forgets what was used longest ago when there are too many entries', () => {
    const cache = new BoundedCache<string>(2, 100);
    for (const key of ['a', 'b', 'a', 'c']) once(cache, key);
    expect([once(cache, 'a'), once(cache, 'b')]).toEqual([false, true]);
    expect(cache.size).toBe(2);
  });

  it('forgets until the weight fits', () => {
    const cache = new BoundedCache<string>(100, 10);
    for (const key of ['a', 'b', 'c']) once(cache, key, 4);
    expect(cache.weight).toBe(8);
    expect(once(cache, 'c', 4)).toBe(false);
  });

  it('does not keep what is heavier than itself', () => {
    const cache = new BoundedCache<string>(100, 10);
    once(cache, 'a', 11);
    expect([cache.size, cache.weight]).toEqual([0, 0]);
  });
});
