import { parseDuration, type Retry } from '../../api/index.ts';
import { digestText } from '../values/digest.ts';

const DEFAULT_CAP_MS = 300_000;
const DEFAULT_DURATION_MS = 1_000;
const DEFAULT_FACTOR = 2;

/** Infrastructure failures are tried again this often, whatever the user's retry says (design §3). */
export const MAX_INFRASTRUCTURE_FAILURES = 5;

function grow(first: number, factor: number, times: number, cap: number): number {
  return Math.min(cap, first * factor ** Math.min(times, 64));
}

/**
 * Milliseconds before the retry that follows `retries` earlier ones. `unit` names who waits: with jitter, units that
 * failed together wait differently, and each the same whenever it is asked.
 */
export function retryDelay(backoff: Retry['backoff'], retries: number, unit = ''): number {
  const first = backoff?.duration ? parseDuration(backoff.duration) : DEFAULT_DURATION_MS;
  const cap = backoff?.cap ? parseDuration(backoff.cap) : Math.max(DEFAULT_CAP_MS, first);
  const whole = grow(first, backoff?.factor ?? DEFAULT_FACTOR, retries, cap);
  const jitter = backoff?.jitter ?? 0;
  return jitter === 0 ? whole : Math.round(whole * (1 - (jitter / 100) * fraction(`${unit}/${retries}`)));
}

/** A number from 0 to 1 that depends on a text alone. */
function fraction(text: string): number {
  return Number.parseInt(digestText(text).slice(0, 8), 16) / 0xffffffff;
}

/** Milliseconds before the attempt that follows `failures` earlier infrastructure failures. */
export function infrastructureDelay(failures: number): number {
  return grow(DEFAULT_DURATION_MS, DEFAULT_FACTOR, failures, 60_000);
}
