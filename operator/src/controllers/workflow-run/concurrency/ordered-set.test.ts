import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedSet } from './ordered-set.ts';

const byNumber = (a: number, b: number) => a - b;

describe('an ordered set', () => {
  it('is a sorted list of different items, whatever is added and removed', () => {
    const change = fc.record({ adds: fc.boolean(), item: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(change), fc.nat(21), fc.nat(25), (changes, probe, count) => {
        const set = new OrderedSet(byNumber);
        const model = new Set<number>();
        for (const { adds, item } of changes) {
          if (adds) set.add(item);
          else set.delete(item);
          if (adds) model.add(item);
          else model.delete(item);
        }
        const sorted = [...model].sort(byNumber);
        expect(set.size).toBe(sorted.length);
        expect(set.first(set.size)).toEqual(sorted);
        expect(set.before(probe)).toBe(sorted.filter((item) => item < probe).length);
        expect(set.after(probe)).toBe(sorted.filter((item) => item > probe).length);
        expect(set.first(count)).toEqual(sorted.slice(0, count));
        expect(set.last(count)).toEqual(sorted.slice(Math.max(0, sorted.length - count)));
      }),
    );
  });

  it('finds a rank by two comparisons more in four times as many items', () => {
    const comparisons = (size: number) => {
      let count = 0;
      const set = new OrderedSet<number>((a, b) => {
        count++;
        return a - b;
      });
      for (let item = 0; item < size; item++) set.add(item);
      count = 0;
      set.before(size - 1);
      return count;
    };
    expect(comparisons(2_000) - comparisons(500)).toBeLessThanOrEqual(2);
    expect(comparisons(500)).toBeLessThanOrEqual(9);
  });
});
