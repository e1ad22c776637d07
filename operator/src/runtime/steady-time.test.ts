import { describe, expect, it } from 'vitest';
import { SteadyTime } from './steady-time.ts';

const MINUTE = 60_000;
const EPOCH = 1_790_000_000_000;

function machine() {
  let passed = 0;
  let step = 0;
  const time = new SteadyTime(
    () => EPOCH + passed + step,
    () => 1000 + passed,
  );
  return {
    time,
    pass: (ms: number) => {
      passed += ms;
    },
    step: (ms: number) => {
      step += ms;
    },
    wall: () => EPOCH + passed + step,
  };
}

describe('steady time', () => {
  it('is the time of day as long as nobody sets the clock', () => {
    const { time, pass, wall } = machine();
    for (let second = 0; second < 100; second++) {
      pass(1000);
      expect(time.now()).toBe(wall());
    }
  });

  it.each([5 * MINUTE, -5 * MINUTE])(
    'passes a tenth quicker or slower after a step of %i ms, and never jumps',
    (ms) => {
      const { time, pass, step, wall } = machine();
      step(ms);
      let before = time.now();
      expect(Math.abs(before - EPOCH)).toBeLessThan(1000);
      for (let second = 0; second < 60 * 60; second++) {
        pass(1000);
        const now = time.now();
        expect(now - before).toBeGreaterThanOrEqual(899);
        expect(now - before).toBeLessThanOrEqual(1101);
        before = now;
      }
      expect(before).toBe(wall());
    },
  );

  it('takes over at once what can only be a machine that slept', () => {
    const { time, pass, step, wall } = machine();
    pass(1000);
    step(8 * 60 * MINUTE);
    expect(time.now()).toBe(wall());
  });
});
