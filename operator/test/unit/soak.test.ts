import { describe, expect, it } from 'vitest';
import { SlotLedger } from '../../hack/soak/ledger.ts';
import { slopeOf } from '../../hack/soak/slope.ts';
import type { WorkflowRun } from '../../src/api/index.ts';

const at = (seconds: number) => Date.parse('2026-01-01T00:00:00Z') + seconds * 1000;
const run = (seconds: number, uid: string, phase = 'Succeeded') =>
  ({
    metadata: { name: `tick-${seconds}`, uid },
    spec: { origin: { type: 'Schedule', slot: new Date(at(seconds)).toISOString() } },
    status: { phase },
  }) as WorkflowRun;

describe('the ledger of slots', () => {
  it('counts a run however often it is seen, and every slot between the first and the last', () => {
    const ledger = new SlotLedger();
    ledger.see([run(0, 'a'), run(10, 'b')]);
    ledger.see([run(10, 'b'), run(20, 'c')]);
    expect(ledger.report(at(25))).toEqual({ slots: 3, missing: [], twice: [], failed: [] });
  });

  it('tells of slots without a run, with two, and of runs that did not end well', () => {
    const ledger = new SlotLedger();
    ledger.see([run(0, 'a'), run(20, 'c'), run(20, 'd'), run(30, 'e', 'Failed')]);
    expect(ledger.report(at(30))).toEqual({
      slots: 4,
      missing: ['2026-01-01T00:00:10.000Z'],
      twice: ['2026-01-01T00:00:20.000Z'],
      failed: ['tick-30'],
    });
  });
});

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
