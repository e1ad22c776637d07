import type { Metrics } from '../telemetry/index.ts';
import type { Clock, Timer } from './clock.ts';
import { AbortedError } from './errors.ts';

/**
 * The order in which waiting requests are sent. Urgent: lease renewals, which may not queue behind work. High: requests
 * that users wait for, such as the start of a task. Normal: everything else. Background: requests that nothing waits for.
 */
export type Urgency = 'urgent' | 'high' | 'normal' | 'background';

const URGENCIES = ['urgent', 'high', 'normal', 'background'] as const;
/** How long a request yields to more urgent ones, ms: long enough for a burst to pass, but bounded. */
export const PATIENCE_MS: Readonly<Record<Urgency, number>> = { urgent: 0, high: 0, normal: 100, background: 30_000 };
/** Background requests in flight at the same time: few, so that new work finds a quick server. */
const MAX_BACKGROUND = 8;

interface Waiting {
  readonly urgency: Urgency;
  readonly since: number;
  readonly enter: () => void;
}

/**
 * Bounds how many requests are out at the same time, and lets the more urgent ones leave first. There is no fixed rate.
 *
 * Invariants:
 * 1. At most `limit` requests are out, urgent ones not counted against it.
 * 2. Within an urgency requests leave in the order in which they came.
 * 3. A request waits for more urgent ones no longer than its patience; for a free slot as long as it takes.
 */
export class InFlightCap {
  private readonly limit: number;
  private readonly metrics: Metrics;
  private readonly clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
  private readonly waiting: Readonly<Record<Urgency, Set<Waiting>>> = {
    urgent: new Set(),
    high: new Set(),
    normal: new Set(),
    background: new Set(),
  };
  private readonly active: Record<Urgency, number> = { urgent: 0, high: 0, normal: 0, background: 0 };

  constructor(limit: number, metrics: Metrics, clock: Pick<Clock, 'monotonic' | 'setTimeout'>) {
    this.limit = limit;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** Takes a slot, at once if the request may leave. Give it back with `release`. @throws AbortedError by the signal */
  acquire(urgency: Urgency, signal?: AbortSignal): Promise<void> | undefined {
    if (this.waiting[urgency].size === 0 && this.mayLeave(urgency, this.clock.monotonic())) {
      this.take(urgency);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.waiting[urgency].delete(waiting);
      };
      const enter = () => {
        end();
        this.take(urgency);
        resolve();
      };
      const onAbort = () => {
        end();
        this.measure();
        reject(new AbortedError('the request was aborted before it was sent'));
      };
      const waiting = { urgency, since: this.clock.monotonic(), enter };
      // A request in flight may never be answered: then only the timer ends the wait.
      const timer: Timer = this.clock.setTimeout(() => this.admit(), PATIENCE_MS[urgency]);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting[urgency].add(waiting);
      this.measure();
    });
  }

  release(urgency: Urgency): void {
    this.active[urgency]--;
    this.admit();
  }

  private admit(): void {
    for (const urgency of URGENCIES) {
      for (const { since, enter } of this.waiting[urgency]) {
        if (!this.mayLeave(urgency, since)) break;
        enter();
      }
    }
    this.measure();
  }

  private mayLeave(urgency: Urgency, since: number): boolean {
    if (urgency === 'urgent') return true;
    if (this.active.high + this.active.normal + this.active.background >= this.limit) return false;
    if (urgency === 'background' && this.active.background >= MAX_BACKGROUND) return false;
    return !this.isOutranked(urgency) || this.clock.monotonic() - since >= PATIENCE_MS[urgency];
  }

  /** Whether anything more urgent is out or waits; leases are too few to matter. */
  private isOutranked(urgency: Urgency): boolean {
    if (urgency === 'high') return false;
    if (this.active.high + this.waiting.high.size > 0) return true;
    return urgency === 'background' && this.active.normal + this.waiting.normal.size > 0;
  }

  private take(urgency: Urgency): void {
    this.active[urgency]++;
    this.measure();
  }

  private measure(): void {
    const { active, waiting } = this;
    this.metrics.restRequestsInFlight.set(active.urgent + active.high + active.normal + active.background);
    this.metrics.restRequestsWaiting.set(waiting.high.size + waiting.normal.size + waiting.background.size);
  }
}
