import type { Metrics } from '../telemetry/index.ts';
import type { Clock } from './clock.ts';
import { AbortedError } from './errors.ts';

/**
 * Urgent: does not wait at all, as a lease renewal may not queue behind work. Normal: what runs wait for. Background:
 * what nothing waits for, sent while nothing normal is out, or when it has waited for `BACKGROUND_PATIENCE_MS`.
 */
export type Urgency = 'urgent' | 'normal' | 'background';

/** A busy API server holds back what nothing waits for, but not for ever. */
export const BACKGROUND_PATIENCE_MS = 30_000;
/** Background requests out at the same time: few, so that work which comes meanwhile finds a quick server. */
const MAX_BACKGROUND = 8;

interface Patient {
  readonly enter: () => void;
  readonly since: number;
}

/** Bounds how many requests are out at the same time; the others wait in order. There is no fixed rate. */
export class InFlightCap {
  private readonly limit: number;
  private readonly metrics: Metrics;
  private readonly clock: Pick<Clock, 'monotonic'>;
  private readonly waiting = new Set<() => void>();
  private readonly patient = new Set<Patient>();
  private readonly active = { urgent: 0, normal: 0, background: 0 };

  constructor(limit: number, metrics: Metrics, clock: Pick<Clock, 'monotonic'>) {
    this.limit = limit;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** Takes a slot, at once if the request may leave. Give it back with `release`. @throws AbortedError by the signal */
  acquire(urgency: Urgency, signal?: AbortSignal): Promise<void> | undefined {
    if (this.mayEnter(urgency)) {
      this.take(urgency);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', onAbort);
        this.take(urgency);
        resolve();
      };
      const leave = this.queue(urgency, enter);
      const onAbort = () => {
        leave();
        reject(new AbortedError('the request was given up before it was sent'));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  release(urgency: Urgency): void {
    this.active[urgency]--;
    this.metrics.restRequestsInFlight.set(this.out());
    for (const enter of this.waiting) {
      if (!this.mayEnter('normal')) break;
      this.waiting.delete(enter);
      enter();
    }
    for (const patient of this.patient) {
      if (!this.mayEnter('background', patient)) break;
      this.patient.delete(patient);
      patient.enter();
    }
    this.measure();
  }

  private mayEnter(urgency: Urgency, patient?: Patient): boolean {
    if (urgency === 'urgent') return true;
    if (urgency === 'normal') return this.out() < this.limit;
    if (this.active.background >= MAX_BACKGROUND || this.out() >= this.limit) return false;
    if (this.active.normal === 0 && this.waiting.size === 0) return true;
    return patient !== undefined && this.clock.monotonic() - patient.since >= BACKGROUND_PATIENCE_MS;
  }

  private queue(urgency: Urgency, enter: () => void): () => void {
    const patient = { enter, since: this.clock.monotonic() };
    if (urgency === 'background') this.patient.add(patient);
    else this.waiting.add(enter);
    this.measure();
    return () => {
      this.patient.delete(patient);
      this.waiting.delete(enter);
      this.measure();
    };
  }

  private take(urgency: Urgency): void {
    this.active[urgency]++;
    this.metrics.restRequestsInFlight.set(this.out());
  }

  private out(): number {
    return this.active.urgent + this.active.normal + this.active.background;
  }

  private measure(): void {
    this.metrics.restRequestsWaiting.set(this.waiting.size + this.patient.size);
  }
}
