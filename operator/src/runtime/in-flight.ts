import type { Metrics } from '../telemetry/index.ts';
import { AbortedError } from './errors.ts';

/** Bounds how many requests are out at the same time; the others wait in order. There is no fixed rate. */
export class InFlightCap {
  private readonly limit: number;
  private readonly metrics: Metrics;
  private readonly waiting = new Set<() => void>();
  private active = 0;

  constructor(limit: number, metrics: Metrics) {
    this.limit = limit;
    this.metrics = metrics;
  }

  /** Takes a slot, at once if one is free. `urgent` does not wait: a lease renewal may not queue behind work. */
  acquire(urgent: boolean, signal?: AbortSignal): Promise<void> | undefined {
    if (urgent || this.active < this.limit) {
      this.take();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.waiting.delete(enter);
        this.metrics.restRequestsWaiting.set(this.waiting.size);
        reject(new AbortedError('the request was given up before it was sent'));
      };
      const enter = () => {
        signal?.removeEventListener('abort', onAbort);
        this.take();
        resolve();
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.add(enter);
      this.metrics.restRequestsWaiting.set(this.waiting.size);
    });
  }

  release(): void {
    this.active--;
    this.metrics.restRequestsInFlight.set(this.active);
    if (this.active >= this.limit) return;
    for (const enter of this.waiting) {
      this.waiting.delete(enter);
      this.metrics.restRequestsWaiting.set(this.waiting.size);
      enter();
      return;
    }
  }

  private take(): void {
    this.active++;
    this.metrics.restRequestsInFlight.set(this.active);
  }
}
