import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToRanges, firstOutside, formatRanges, inRanges, parseRanges, type Ranges, sizeOfRanges } from './ranges.ts';

function rangesOf(numbers: readonly number[]): Ranges {
  const ranges: Ranges = [];
  for (const number of numbers) addToRanges(ranges, number);
  return ranges;
}

describe('ranges', () => {
  it.each([
    [[1, 3], 2, '1-3'],
    [[1], 2, '1-2'],
    [[3], 2, '2-3'],
    [[3, 4], 2, '2-4'],
    [[1, 2], 2, '1-2'],
    [[1, 2], 1, '1-2'],
    [[5], 1, '1,5'],
    [[1], 5, '1,5'],
  ])('with %j take in %i as %s', (before, number, after) => {
    const ranges = rangesOf(before);
    addToRanges(ranges, number);
    expect(formatRanges(ranges)).toBe(after);
  });

  it('are the set of the numbers that they were given, in any order, and again after being written', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40)), (numbers) => {
        const ranges = rangesOf(numbers);
        const set = new Set(numbers);
        expect(sizeOfRanges(ranges)).toBe(set.size);
        for (let n = 0; n <= 41; n++) expect(inRanges(ranges, n)).toBe(set.has(n));
        expect(parseRanges(formatRanges(ranges))).toEqual(ranges);
        for (const [index, [from]] of ranges.entries()) {
          if (index > 0) expect(from).toBeGreaterThan((ranges[index - 1]?.[1] ?? 0) + 1);
        }
      }),
    );
  });

  it('tell the first number that is in none of several', () => {
    expect(firstOutside(0, [rangesOf([0, 1, 4]), rangesOf([2])])).toBe(3);
    expect(firstOutside(4, [rangesOf([4])])).toBe(5);
    expect(firstOutside(7, [])).toBe(7);
  });
});
