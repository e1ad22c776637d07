import { describe, expect, it } from 'vitest';
import { CACHE_LAG_MS } from './cache-lag.ts';
import { JustMade } from './just-made.ts';
import { movableClock } from './testing/fake-objects.ts';

describe('what was just made', () => {
  it('is known until the cache shows it, and no longer than the cache may lag', () => {
    const clock = movableClock();
    const made = new JustMade<string>(clock);
    made.add('n/a', 'a');
    made.add('n/b', 'b');
    made.forget('n/b');
    clock.move(CACHE_LAG_MS - 1);
    expect([made.get('n/a'), made.get('n/b')]).toEqual(['a', undefined]);
    clock.move(1);
    expect([made.get('n/a'), made.size]).toEqual([undefined, 0]);
  });

  it('does not pile up where the cache never shows it', () => {
    const clock = movableClock();
    const made = new JustMade<true>(clock);
    for (let index = 0; index < 1_000; index++) {
      made.add(`n/${index}`, true);
      clock.move(CACHE_LAG_MS / 10);
    }
    expect(made.size).toBeLessThanOrEqual(10);
  });
});
