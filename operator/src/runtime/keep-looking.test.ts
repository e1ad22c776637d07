import { describe, expect, it } from 'vitest';
import { type Clock, realClock } from './clock.ts';
import { keepLooking } from './keep-looking.ts';

/** Remembers how long it was slept, and wakes at once. */
class Sleepless implements Pick<Clock, 'sleep'> {
  readonly slept: number[] = [];
  sleep = async (ms: number) => void this.slept.push(ms);
  get clock(): Clock {
    return { ...realClock, sleep: this.sleep };
  }
}

/** Looks so many times, each as the test says by throwing or not, and returns how long it waited after each. */
async function waits(outcomes: readonly ('Fine' | 'Fails')[], after: 'Again' | 'End' = 'Again'): Promise<number[]> {
  const sleepless = new Sleepless();
  const ending = new AbortController();
  const left = [...outcomes];
  const look = async () => {
    const outcome = left.shift();
    if (left.length === 0) ending.abort();
    if (outcome === 'Fails') throw new Error('no');
  };
  const options = { clock: sleepless.clock, everyMs: 60_000, look, failed: () => after };
  await keepLooking(options, ending.signal);
  return sleepless.slept;
}

describe('whoever keeps looking', () => {
  it('waits its time after each look', async () => {
    expect(await waits(['Fine', 'Fine', 'Fine'])).toEqual([60_000, 60_000, 60_000]);
  });

  it('looks again sooner after one that failed, and less often the more have', async () => {
    const slept = await waits([...Array.from({ length: 9 }, () => 'Fails' as const), 'Fine', 'Fails', 'Fine']);
    expect(slept[0]).toBeLessThanOrEqual(1000);
    expect(slept[8]).toBeGreaterThanOrEqual(15_000);
    expect(slept[8]).toBeLessThanOrEqual(30_000);
    expect(slept[9]).toBe(60_000);
    expect(slept[10]).toBeLessThanOrEqual(1000);
  });

  it('ends where it is told to, and when it is asked to', async () => {
    expect(await waits(['Fails', 'Fine'], 'End')).toEqual([]);
    expect(await waits(['Fails'])).toEqual([]);
  });
});
