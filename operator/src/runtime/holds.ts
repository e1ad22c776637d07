import { BoundedMap } from '../bounds/index.ts';
import type { Clock } from './clock.ts';

/** Longest time that a server can ask for, ms: no proxy in between may stop the operator for a day. */
export const RETRY_AFTER_CAP_MS = 60_000;
/** Endpoints that are remembered; the one that asked first is forgotten first. */
const MAX_ENDPOINTS = 1_000;

/**
 * The endpoints (method and path, without the query) that asked for a pause by Retry-After, and its end. The pause holds
 * for every request to them, not only for the refused one.
 */
export class Holds {
  private readonly clock: Clock;
  private readonly until = new BoundedMap<number>({ max: MAX_ENDPOINTS });

  constructor(clock: Clock) {
    this.clock = clock;
  }

  note(method: string, path: string, ms: number): void {
    if (ms <= 0) return;
    const key = endpoint(method, path);
    const until = this.clock.monotonic() + Math.min(ms, RETRY_AFTER_CAP_MS);
    this.until.set(key, Math.max(this.until.get(key) ?? 0, until));
  }

  /** Milliseconds until the endpoint accepts requests again; 0 if it does now. */
  left(method: string, path: string): number {
    if (this.until.size === 0) return 0;
    const key = endpoint(method, path);
    const until = this.until.get(key);
    if (until === undefined) return 0;
    const left = until - this.clock.monotonic();
    if (left > 0) return left;
    this.until.delete(key);
    return 0;
  }
}

const endpoint = (method: string, path: string): string => `${method} ${path.split('?')[0]}`;
