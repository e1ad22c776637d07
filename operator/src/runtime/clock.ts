import { AbortedError } from './errors.ts';
import { SteadyTime } from './steady-time.ts';

export interface Timer {
  cancel(): void;
  /** Lets the process end before the timer has fired. */
  unref?(): void;
}

/**
 * Time as the runtime sees it. `now` is the time of day, which follows the wall clock without its jumps; `monotonic`
 * never goes back and is what every duration within a process is measured with.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since an arbitrary moment, with fractions. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds; delays beyond 24.8 days, which Node would fire at once, are honoured. */
  setTimeout(fn: () => void, ms: number): Timer;
  /** Resolves after `ms` milliseconds. @throws AbortedError when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay that Node's setTimeout does not turn into 1 ms. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Not kept as a function: tests put fake timers in their place. */
const steady = new SteadyTime(
  () => Date.now(),
  () => performance.now(),
);

export const realClock: Clock = {
  now: () => steady.now(),
  monotonic: () => performance.now(),
  setTimeout: setLongTimeout,
  sleep: (ms, signal) => sleepOn(realClock, ms, signal),
};

function setLongTimeout(fn: () => void, ms: number): Timer {
  const deadline = performance.now() + ms;
  const fire = () => {
    const left = deadline - performance.now();
    if (left <= 1) return fn();
    handle = setTimeout(fire, clampTimeout(left));
  };
  let handle = setTimeout(ms <= MAX_TIMEOUT_MS ? fn : fire, clampTimeout(ms));
  return { cancel: () => clearTimeout(handle), unref: () => void handle.unref() };
}

/** A delay that is safe to hand to Node: never negative, never NaN, never above its limit. */
export function clampTimeout(ms: number): number {
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_TIMEOUT_MS);
}

/** `sleep` in terms of a clock's own timer; every Clock shares it. */
export function sleepOn(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortedError('the wait was aborted'));
    const onAbort = () => {
      timer.cancel();
      reject(new AbortedError('the wait was aborted'));
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** RFC 3339 with microseconds, the form of Kubernetes' MicroTime (`Lease.renewTime`, `Event.eventTime`). */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}
