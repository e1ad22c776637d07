import { describe, expect, it } from 'vitest';
import { epochOf, timeOf } from '../api/index.ts';
import { ruleOf } from './rule.ts';
import { isBeyond, slotsIn, type Window } from './window.ts';

const at = (text: string): number => epochOf(text) ?? Number.NaN;
const daily = ruleOf({ name: 's', cron: '0 3 * * *', startAt: '2030-01-01T00:00:00Z' });
const window: Window = { from: at('2026-03-01T03:00:00Z'), to: at('2026-03-04T03:00:00Z'), order: 'OldestFirst' };

describe('the slots in a window', () => {
  it('start at its begin and stop before its end, regardless of startAt', () => {
    const days = ['2026-03-01T03:00:00Z', '2026-03-02T03:00:00Z', '2026-03-03T03:00:00Z'];
    expect(slotsIn(daily, window, 3)?.map(timeOf)).toEqual(days);
    expect(slotsIn(daily, { ...window, order: 'NewestFirst' }, 3)?.map(timeOf)).toEqual(days.reverse());
  });

  it('are undefined when there are too many', () => {
    expect(slotsIn(daily, window, 2)).toBeUndefined();
  });

  it('follow one another in its order', () => {
    expect(isBeyond(1, undefined, 'OldestFirst')).toBe(true);
    expect([isBeyond(2, 1, 'OldestFirst'), isBeyond(1, 1, 'OldestFirst')]).toEqual([true, false]);
    expect([isBeyond(2, 1, 'NewestFirst'), isBeyond(0, 1, 'NewestFirst')]).toEqual([false, true]);
  });
});
