import { describe, expect, it } from 'vitest';
import { createMetrics } from '../telemetry/index.ts';
import { InFlightCap } from './in-flight.ts';

describe('InFlightCap', () => {
  it('lets waiting requests in one by one, in order, as slots come free', async () => {
    const cap = new InFlightCap(1, createMetrics({ process: false }));
    const entered: string[] = [];
    expect(cap.acquire(false)).toBeUndefined();
    const waiting = ['a', 'b'].map((name) => cap.acquire(false)?.then(() => entered.push(name)));
    cap.release();
    await waiting[0];
    expect(entered).toEqual(['a']);
    cap.release();
    await waiting[1];
    expect(entered).toEqual(['a', 'b']);
  });

  it('does not give the place of an urgent request, which was beyond the cap, to another', async () => {
    const cap = new InFlightCap(1, createMetrics({ process: false }));
    cap.acquire(false);
    expect(cap.acquire(true)).toBeUndefined();
    let entered = false;
    const waiting = cap.acquire(false)?.then(() => {
      entered = true;
    });
    cap.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    cap.release();
    await waiting;
    expect(entered).toBe(true);
  });
});
