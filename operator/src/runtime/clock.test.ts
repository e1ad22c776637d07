import { afterEach, describe, expect, it, vi } from 'vitest';
import { clampTimeout, MAX_TIMEOUT_MS, microTime, realClock } from './clock.ts';
import { isAborted } from './errors.ts';

afterEach(() => void vi.useRealTimers());

describe('the real clock', () => {
  it('fires a delay beyond the limit of timers when it is due, not at once', () => {
    vi.useFakeTimers();
    let fired = 0;
    const delay = 3 * MAX_TIMEOUT_MS + 5000;
    realClock.setTimeout(() => fired++, delay);
    vi.advanceTimersByTime(1000);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(delay - 1000 - 10);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(20);
    expect(fired).toBe(1);
    vi.advanceTimersByTime(delay);
    expect(fired).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cancels a long delay in any of its stretches', () => {
    vi.useFakeTimers();
    let fired = 0;
    const timer = realClock.setTimeout(() => fired++, 3 * MAX_TIMEOUT_MS);
    vi.advanceTimersByTime(MAX_TIMEOUT_MS + 1000);
    timer.cancel();
    vi.advanceTimersByTime(3 * MAX_TIMEOUT_MS);
    expect(fired).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never goes back in monotonic time', () => {
    const first = realClock.monotonic();
    expect(realClock.monotonic()).toBeGreaterThanOrEqual(first);
  });

  it('ends a sleep when its signal aborts, before or during', async () => {
    const abort = new AbortController();
    const sleeping = realClock.sleep(1e9, abort.signal).catch((error: unknown) => error);
    abort.abort();
    expect(isAborted(await sleeping)).toBe(true);
    expect(isAborted(await realClock.sleep(1, abort.signal).catch((error: unknown) => error))).toBe(true);
    await realClock.sleep(1);
  });
});

describe('clampTimeout', () => {
  it('makes every number one that Node takes', () => {
    expect([-5, 0, 7, 1e12, Number.NaN, Number.POSITIVE_INFINITY].map(clampTimeout)).toEqual([
      0,
      0,
      7,
      MAX_TIMEOUT_MS,
      0,
      MAX_TIMEOUT_MS,
    ]);
  });
});

describe('microTime', () => {
  it('has six digits after the second', () => {
    expect(microTime(Date.UTC(2026, 1, 3, 4, 5, 6, 7))).toBe('2026-02-03T04:05:06.007000Z');
  });
});
