import { beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../telemetry/index.ts';
import { isAborted } from './errors.ts';
import { InFlightCap, PATIENCE_MS, type Urgency } from './in-flight.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

describe('InFlightCap', () => {
  let clock = new FakeClock();
  let left: string[] = [];
  const capOf = (limit: number) => new InFlightCap(limit, createMetrics({ process: false }), clock);
  /** Asks for a slot, and notes the name when it is had. */
  const ask = (cap: InFlightCap, name: string, urgency: Urgency = 'normal') => {
    const waiting = cap.acquire(urgency);
    if (waiting) void waiting.then(() => left.push(name));
    else left.push(name);
  };
  const release = async (cap: InFlightCap, urgency: Urgency = 'normal') => {
    cap.release(urgency);
    await settle();
  };

  beforeEach(() => {
    clock = new FakeClock();
    left = [];
  });

  it('lets waiting requests out one by one, in order, as slots come free', async () => {
    const cap = capOf(1);
    for (const name of ['a', 'b', 'c']) ask(cap, name);
    expect(left).toEqual(['a']);
    await release(cap);
    expect(left).toEqual(['a', 'b']);
    await release(cap);
    expect(left).toEqual(['a', 'b', 'c']);
  });

  it('does not hold back an urgent request, nor count it', async () => {
    const cap = capOf(1);
    ask(cap, 'a');
    ask(cap, 'lease', 'urgent');
    ask(cap, 'b');
    expect(left).toEqual(['a', 'lease']);
    await release(cap);
    expect(left).toEqual(['a', 'lease', 'b']);
  });

  it('lets the more urgent go first', async () => {
    const cap = capOf(1);
    ask(cap, 'a');
    ask(cap, 'tidying', 'background');
    ask(cap, 'record');
    ask(cap, 'start', 'high');
    await release(cap);
    await release(cap, 'high');
    await release(cap);
    expect(left).toEqual(['a', 'start', 'record', 'tidying']);
  });

  it('lets a burst of starts pass before anything is recorded', async () => {
    const cap = capOf(100);
    ask(cap, 'start 1', 'high');
    ask(cap, 'start 2', 'high');
    ask(cap, 'record');
    await release(cap, 'high');
    expect(left).toEqual(['start 1', 'start 2']);
    await release(cap, 'high');
    expect(left).toEqual(['start 1', 'start 2', 'record']);
  });

  it('lets nothing wait longer for more urgent requests than its patience, though they are never answered', async () => {
    const cap = capOf(100);
    ask(cap, 'start', 'high');
    ask(cap, 'record');
    ask(cap, 'tidying', 'background');
    await clock.advance(PATIENCE_MS.normal - 1);
    expect(left).toEqual(['start']);
    await clock.advance(1);
    expect(left).toEqual(['start', 'record']);
    await clock.advance(PATIENCE_MS.background - PATIENCE_MS.normal - 1);
    expect(left).toEqual(['start', 'record']);
    await clock.advance(1);
    expect(left).toEqual(['start', 'record', 'tidying']);
    expect(clock.timers).toBe(0);
  });

  it('bounds what is out in the background, and lets work pass it', async () => {
    const cap = capOf(100);
    for (let index = 0; index < 20; index++) ask(cap, `tidying ${index}`, 'background');
    expect(left).toHaveLength(8);
    ask(cap, 'work');
    expect(left.at(-1)).toBe('work');
    await release(cap, 'background');
    expect(left).toHaveLength(9);
    await release(cap);
    expect(left.slice(9)).toEqual(['tidying 8']);
  });

  it('forgets a request that is given up', async () => {
    const cap = capOf(1);
    ask(cap, 'a');
    const giveUp = new AbortController();
    const given = cap.acquire('normal', giveUp.signal)?.catch((error: unknown) => isAborted(error));
    ask(cap, 'b');
    giveUp.abort();
    expect(await given).toBe(true);
    await release(cap);
    expect(left).toEqual(['a', 'b']);
  });
});
