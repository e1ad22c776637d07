import { randomUUID } from 'node:crypto';
import { parseKey } from '../objects/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { type Clock, realClock, type Timer } from './clock.ts';
import { classify, TerminalError, WaitingError } from './reconcile-error.ts';
import { Workqueue, type WorkqueueOptions } from './workqueue.ts';

/** The result of a reconcile that did not throw: done, or the request to be called again. */
export interface Result {
  /** Call again after so many milliseconds, unless an event comes first. */
  readonly requeueAfter?: number | undefined;
  /** Call again at once: there is more to do. */
  readonly requeue?: true;
}

export interface ReconcileContext {
  /** Carries the controller's name, the key and a reconcile id. */
  readonly logger: Logger;
  readonly reconcileId: string;
  /** Aborts when the time of this reconcile is up or its controller must stop at once. */
  readonly signal: AbortSignal;
}

export type Reconcile = (key: string, context: ReconcileContext) => Promise<Result>;

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Keys worked on at the same time (default 16). */
  readonly concurrency?: number;
  /** Limit of one reconcile in milliseconds; its signal aborts then (default: none). */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** Longest time for running reconciles to finish when the controller stops, ms (default: the grace given to `stop`). */
  readonly maxGraceMs?: number;
  readonly queue?: Omit<WorkqueueOptions, 'name' | 'metrics' | 'clock'>;
}

/** Takes keys from its queue and reconciles them, one at a time each, `concurrency` at a time in all. */
export class Controller {
  readonly name: string;
  readonly queue: Workqueue;
  private readonly options: ControllerOptions;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly abort = new AbortController();
  private readonly instruments: ReturnType<typeof instrumentsOf>;
  private workers: Promise<void>[] = [];

  constructor(options: ControllerOptions) {
    this.options = options;
    this.name = options.name;
    this.clock = options.clock ?? realClock;
    this.logger = options.logger.child({ controller: options.name });
    this.queue = new Workqueue({
      name: options.name,
      metrics: options.metrics,
      clock: this.clock,
      ...options.queue,
    });
    this.instruments = instrumentsOf(options.metrics, options.name);
  }

  /** Starts the workers; keys added before wait in the queue. */
  start(): void {
    if (this.workers.length > 0) return;
    const concurrency = this.options.concurrency ?? 16;
    this.instruments.maxConcurrent.set(concurrency);
    this.workers = Array.from({ length: concurrency }, () => this.work());
  }

  /**
   * Takes no more keys, lets running reconciles end, and aborts those that still run after `graceMs`. Resolves when
   * every worker has returned; a reconcile that ignores its signal holds it up.
   */
  async stop(graceMs = 0): Promise<void> {
    this.queue.shutDown();
    const grace = Math.min(graceMs, this.options.maxGraceMs ?? graceMs);
    const timer = this.clock.setTimeout(() => this.abort.abort(), grace);
    await Promise.all(this.workers);
    timer.cancel();
    this.abort.abort();
  }

  private async work(): Promise<void> {
    for (let key = await this.queue.take(); key !== undefined; key = await this.queue.take()) {
      await this.turn(key);
      // Watch events, lease renewals and timers get their share between two reconciles.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private async turn(key: string): Promise<void> {
    const started = this.clock.monotonic();
    const limit = this.limit();
    const context = contextOf(key, this.logger, limit.signal);
    this.instruments.active.inc();
    try {
      this.settle(key, await this.options.reconcile(key, context));
    } catch (error) {
      this.fail(key, error, context);
    } finally {
      limit.end();
      this.instruments.active.dec();
      this.instruments.time.observe((this.clock.monotonic() - started) / 1000);
      this.queue.done(key);
    }
  }

  private limit(): { signal: AbortSignal; end: () => void } {
    const { timeoutMs } = this.options;
    if (timeoutMs === undefined) return { signal: this.abort.signal, end: () => undefined };
    const own = new AbortController();
    const onStop = () => own.abort();
    if (this.abort.signal.aborted) own.abort();
    else this.abort.signal.addEventListener('abort', onStop, { once: true });
    const timer: Timer = this.clock.setTimeout(() => {
      this.instruments.timeouts.inc();
      own.abort();
    }, timeoutMs);
    const end = () => {
      timer.cancel();
      this.abort.signal.removeEventListener('abort', onStop);
    };
    return { signal: own.signal, end };
  }

  private settle(key: string, result: Result): void {
    if (result.requeue) {
      this.instruments.requeue.inc();
      this.queue.forget(key);
      this.queue.addAgain(key);
      return;
    }
    this.queue.forget(key);
    if (result.requeueAfter === undefined) {
      this.instruments.success.inc();
      return;
    }
    this.instruments.requeueAfter.inc();
    this.queue.addAfter(key, Math.max(1, result.requeueAfter));
  }

  /** The one place where an error becomes a retry, or not. */
  private fail(key: string, error: unknown, context: ReconcileContext): void {
    const policy = classify(error);
    if (policy === 'stopped' && this.abort.signal.aborted) return;
    if (error instanceof WaitingError) {
      context.logger.debug({ reason: error.reason, requeueAfter: error.requeueAfter }, 'reconcile is waiting');
      this.settle(key, { requeueAfter: error.requeueAfter });
      return;
    }
    if (policy === 'conflict') {
      this.instruments.requeue.inc();
      const delayMs = this.queue.addRateLimited(key);
      context.logger.debug({ err: error, delayMs }, 'reconcile found a newer version; retrying');
      return;
    }
    this.instruments.errors.inc();
    this.instruments.error.inc();
    if (error instanceof TerminalError) {
      this.instruments.terminal.inc();
      this.queue.forget(key);
      context.logger.error(
        { err: error, reason: error.reason },
        'reconcile failed; not retrying before the next event',
      );
      return;
    }
    if (policy === 'panic') this.instruments.panics.inc();
    const delayMs = this.queue.addRateLimited(key);
    context.logger.error({ err: error, delayMs, failures: this.queue.failuresOf(key) }, 'reconcile failed; retrying');
  }
}

/** The logger is made when it is first used: most reconciles log nothing, and making one costs more than many of them. */
function contextOf(key: string, base: Logger, signal: AbortSignal): ReconcileContext {
  const reconcileId = randomUUID();
  let logger: Logger | undefined;
  return {
    reconcileId,
    signal,
    get logger() {
      logger ??= base.child({ ...parseKey(key), reconcileID: reconcileId });
      return logger;
    },
  };
}

function instrumentsOf(metrics: Metrics, controller: string) {
  const instruments = {
    success: metrics.reconciles.labels(controller, 'success'),
    error: metrics.reconciles.labels(controller, 'error'),
    requeue: metrics.reconciles.labels(controller, 'requeue'),
    requeueAfter: metrics.reconciles.labels(controller, 'requeue_after'),
    errors: metrics.reconcileErrors.labels(controller),
    terminal: metrics.reconcileTerminalErrors.labels(controller),
    panics: metrics.reconcilePanics.labels(controller),
    timeouts: metrics.reconcileTimeouts.labels(controller),
    time: metrics.reconcileTime.labels(controller),
    maxConcurrent: metrics.maxConcurrentReconciles.labels(controller),
    active: metrics.activeWorkers.labels(controller),
  };
  const { time: _time, maxConcurrent, active, ...counters } = instruments;
  for (const counter of Object.values(counters)) counter.inc(0);
  maxConcurrent.set(0);
  active.set(0);
  metrics.reconcileTime.zero({ controller });
  return instruments;
}
