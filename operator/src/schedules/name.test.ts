import { describe, expect, it } from 'vitest';
import { epochOf } from '../api/index.ts';
import { jitterOf, runNameOf } from './name.ts';

const slot = epochOf('2027-01-31T02:00:00Z') ?? 0;
const identity = { workflow: 'shop', uid: 'u', schedule: 'nightly' };

describe('the name of a scheduled run', () => {
  it('contains the workflow, the schedule and the time', () => {
    expect(runNameOf(identity, slot)).toMatch(/^shop-nightly-[0-9a-f]{6}-20270131020000$/);
  });

  it('is not longer than the name of a manual run, and valid', () => {
    const long = runNameOf({ workflow: 'w'.repeat(29).padEnd(40, '-x'), uid: 'u', schedule: 's'.repeat(40) }, slot);
    expect(long.length).toBeLessThanOrEqual(52);
    expect(long).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
  });

  it('differs if joined names are equal, and after the workflow is recreated', () => {
    const names = [
      { workflow: 'a', uid: 'u1', schedule: 'b-c' },
      { workflow: 'a-b', uid: 'u2', schedule: 'c' },
      { workflow: 'a-b', uid: 'u3', schedule: 'c' },
    ].map((each) => runNameOf(each, slot));
    expect(new Set(names).size).toBe(3);
  });
});

describe('the jitter of a slot', () => {
  it('is constant for a slot, within its bound, and different between slots', () => {
    const delays = Array.from({ length: 50 }, (_, index) => jitterOf(identity, slot + index * 60_000, 30_000));
    expect(delays).toEqual(Array.from({ length: 50 }, (_, index) => jitterOf(identity, slot + index * 60_000, 30_000)));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(30_000);
    expect(new Set(delays).size).toBeGreaterThan(40);
    expect(jitterOf(identity, slot, 0)).toBe(0);
  });
});
