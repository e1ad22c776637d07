import { beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../telemetry/index.ts';
import { BACKGROUND_PATIENCE_MS, InFlightCap, type Urgency } from './in-flight.ts';

describe('InFlightCap', () => {
  let now = 0;
  let entered: string[] = [];
  const capOf = (limit: number) => new InFlightCap(limit, createMetrics({ process: false }), { monotonic: () => now });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  /** Asks for a slot, and notes the name when it is had. */
  const ask = (cap: InFlightCap, name: string, urgency: Urgency = 'normal') => {
    const waiting = cap.acquire(urgency);
    if (!waiting) entered.push(name);
    else void waiting.then(() => entered.push(name));
  };

  beforeEach(() => {
    now = 0;
    entered = [];
  });

  it('lets waiting requests in one by one, in order, as slots come free', async () => {
    const cap = capOf(1);
    for (const name of ['a', 'b', 'c']) ask(cap, name);
    expect(entered).toEqual(['a']);
    cap.release('normal');
    await settled();
    expect(entered).toEqual(['a', 'b']);
    cap.release('normal');
    await settled();
    expect(entered).toEqual(['a', 'b', 'c']);
  });

  it('does not give the place of an urgent request, which was beyond the cap, to another', async () => {
    const cap = capOf(1);
    ask(cap, 'a');
    ask(cap, 'lease', 'urgent');
    ask(cap, 'b');
    cap.release('normal');
    await settled();
    expect(entered).toEqual(['a', 'lease']);
    cap.release('urgent');
    await settled();
    expect(entered).toEqual(['a', 'lease', 'b']);
  });

  it('holds what nothing waits for back until nothing normal is out', async () => {
    const cap = capOf(10);
    ask(cap, 'work');
    ask(cap, 'more work');
    ask(cap, 'tidying', 'background');
    cap.release('normal');
    await settled();
    expect(entered).toEqual(['work', 'more work']);
    cap.release('normal');
    await settled();
    expect(entered).toEqual(['work', 'more work', 'tidying']);
  });

  it('lets normal requests pass while background ones are out, and bounds those', async () => {
    const cap = capOf(100);
    for (let index = 0; index < 20; index++) ask(cap, `tidying ${index}`, 'background');
    expect(entered).toHaveLength(8);
    ask(cap, 'work');
    expect(entered.at(-1)).toBe('work');
    cap.release('background');
    await settled();
    expect(entered).toHaveLength(9);
    cap.release('normal');
    await settled();
    expect(entered.slice(9)).toEqual(['tidying 8']);
  });

  it('sends what has waited long enough, however busy it is', async () => {
    const cap = capOf(10);
    for (const name of ['a', 'b', 'c']) ask(cap, name);
    ask(cap, 'tidying', 'background');
    now = BACKGROUND_PATIENCE_MS - 1;
    cap.release('normal');
    await settled();
    expect(entered).not.toContain('tidying');
    now = BACKGROUND_PATIENCE_MS;
    cap.release('normal');
    await settled();
    expect(entered).toContain('tidying');
  });
});
