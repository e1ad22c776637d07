import { describe, expect, it } from 'vitest';
import { slopeOf } from './slope.ts';

describe('the slope of memory', () => {
  it('is what it grows by in an hour', () => {
    const samples = [0, 1, 2, 3].map((minute) => ({ ms: minute * 60_000, bytes: 100 + minute }));
    expect(slopeOf(samples)).toBeCloseTo(60);
    expect(slopeOf(samples.map(({ ms }) => ({ ms, bytes: 7 })))).toBe(0);
  });

  it('is not told of one moment', () => {
    expect(() => slopeOf([{ ms: 1, bytes: 1 }])).toThrow(RangeError);
  });
});
