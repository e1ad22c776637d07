import type { Logger, Metrics } from '../telemetry/index.ts';
import { type Clock, realClock } from './clock.ts';
import { AbortedError, isAborted } from './errors.ts';
import { type HealthCheck, HealthServer } from './health.ts';
import type { LeaderElector } from './leader.ts';
import type { ResourceType } from './resource.ts';

/** The part of a reflector that a manager uses. */
export interface Source {
  readonly name: string;
  readonly type: ResourceType;
  readonly hasSynced: boolean;
  readonly synced: Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

/** A controller, or any other work that only the leader does. */
export interface Worker {
  readonly name: string;
  /** Starts without waiting for work. */
  start(): void | Promise<void>;
  /** Takes no more work, lets running work finish within `graceMs`, then abandons it. */
  stop(graceMs: number): Promise<void>;
}

/** A server that every replica runs, leader or not. */
export interface Listener {
  readonly name: string;
  /** Starts to listen. @throws Error when the address is taken */
  start(): Promise<void>;
  /** Takes no more requests, and ends the requests in progress within `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface ManagerOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** Where health and metrics are served; without it they are not. */
  readonly health?: { readonly host?: string; readonly port: number };
  /** Without it this process leads alone. */
  readonly elector?: LeaderElector;
  /** Time for running reconciles to finish when the process stops, ms (default 20,000). */
  readonly drainMs?: number;
  /** Time from the abort of a reconcile's signal until the process ends without it, ms (default 5,000). */
  readonly abandonMs?: number;
}

/** Why a manager ended. */
export type Ending = 'Stopped' | 'LeadershipLost';

/**
 * Starts and stops the parts of a process in the one safe order.
 *
 * Invariants:
 * 1. Health is served first and last; sources run, and are synced, before leadership is asked for; workers start only
 *    as leader, with every cache complete.
 * 2. On the way down: workers take nothing and finish (bounded), then the lease is released, then sources end. A
 *    standby can lead only after the last write of this process.
 * 3. Listeners answer from when the caches are complete until the lease is released: a client that does not know yet
 *    that this process is ending still gets an answer.
 * 4. When leadership is lost, workers get no grace, and the lease is not touched: another process holds it.
 */
export class Manager {
  private readonly options: ManagerOptions;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly sources: Source[] = [];
  private readonly workers: Worker[] = [];
  private readonly listeners: Listener[] = [];
  private readonly finishers: ((graceMs: number) => Promise<void>)[] = [];
  private readonly readyChecks: HealthCheck[] = [];
  private readonly health: HealthServer | undefined;
  private readonly stopping = new AbortController();
  private readonly startedWorkers: Worker[] = [];
  private readonly leading = Promise.withResolvers<void>();
  private running = false;
  private port: number | undefined;

  constructor(options: ManagerOptions) {
    this.options = options;
    this.clock = options.clock ?? realClock;
    this.logger = options.logger;
    this.readyChecks.push({ name: 'caches', check: () => this.unsynced() });
    this.leading.promise.catch(() => undefined);
    const { health, metrics, logger } = options;
    if (!health) return;
    const live = [{ name: 'leadership', check: () => this.leadershipProblem() }];
    this.health = new HealthServer({ ...health, metrics, logger, live, ready: this.readyChecks });
  }

  /** The port that health is served on, once it is. */
  get healthPort(): number | undefined {
    return this.port;
  }

  /** Resolves when the workers run: every cache complete, and this process the leader. */
  get started(): Promise<void> {
    return this.leading.promise;
  }

  /** Adds a source. @throws Error once the manager runs. */
  addSource(source: Source): void {
    this.mustNotRun();
    this.sources.push(source);
  }

  /** Adds something that only the leader does. @throws Error once the manager runs. */
  addWorker(worker: Worker): void {
    this.mustNotRun();
    this.workers.push(worker);
  }

  /** Adds something that answers requests, whether this process leads or not. @throws Error once the manager runs. */
  addListener(listener: Listener): void {
    this.mustNotRun();
    this.listeners.push(listener);
  }

  /**
   * Adds work to finish after the last worker has stopped, while this process still leads: a queue of Events,
   * for instance. Called on every way down, without grace when leadership is lost.
   */
  beforeRelease(finish: (graceMs: number) => Promise<void>): void {
    this.finishers.push(finish);
  }

  /** Adds a condition of readiness. */
  addReadyCheck(check: HealthCheck): void {
    this.readyChecks.push(check);
  }

  /** Whether this process acts as the leader now. */
  isLeader(): boolean {
    return this.options.elector?.isLeader() ?? true;
  }

  /** Asks the manager to end; `run` resolves when it has. May be called at any time, and again. */
  stop(): void {
    this.stopping.abort();
  }

  /** Runs until `stop` or until leadership is lost. Resolves with the reason, after everything has ended. */
  async run(): Promise<Ending> {
    this.mustNotRun();
    this.running = true;
    const sourcesEnd = new AbortController();
    let sources: Promise<unknown> = Promise.resolve();
    try {
      this.port = await this.health?.start();
      sources = Promise.all(this.sources.map((source) => source.run(sourcesEnd.signal)));
      return await this.serve(this.stopping.signal);
    } catch (error) {
      if (isAborted(error)) return 'Stopped';
      throw error;
    } finally {
      this.leading.reject(new Error('the manager has ended'));
      sourcesEnd.abort();
      await sources;
      await this.health?.stop();
      this.logger.info({}, 'manager stopped');
    }
  }

  private async serve(signal: AbortSignal): Promise<Ending> {
    await orAborted(Promise.all(this.sources.map((source) => source.synced)), signal);
    this.logger.info({ sources: this.sources.length }, 'caches are complete');
    try {
      for (const listener of this.listeners) await listener.start();
      return await this.lead(signal);
    } finally {
      await Promise.all(this.listeners.map((listener) => listener.stop(FINISH_MS)));
    }
  }

  private async lead(signal: AbortSignal): Promise<Ending> {
    const { elector } = this.options;
    await elector?.acquire(signal);
    const renewal = new AbortController();
    const holding = elector ? elector.hold(renewal.signal) : new Promise<boolean>(() => undefined);
    let lost = false;
    try {
      const starting = this.startWorkers(signal);
      lost = await Promise.race([holding, starting.then(() => aborted(signal)).then(() => false)]);
      return lost ? 'LeadershipLost' : 'Stopped';
    } finally {
      // The lease is renewed until the last reconcile has ended; only then may another process lead.
      await this.stopWorkers(lost ? 0 : (this.options.drainMs ?? 20_000));
      await this.finish(lost ? 0 : FINISH_MS);
      renewal.abort();
      if (elector) await holding;
      if (!lost) await elector?.release();
    }
  }

  private async startWorkers(signal: AbortSignal): Promise<void> {
    for (const worker of this.workers) {
      if (signal.aborted) return;
      this.startedWorkers.push(worker);
      await worker.start();
    }
    this.leading.resolve();
    this.logger.info({ workers: this.workers.length }, 'workers started');
  }

  private async stopWorkers(graceMs: number): Promise<void> {
    const stopped = Promise.all(this.startedWorkers.map((worker) => worker.stop(graceMs)));
    const limit = new AbortController();
    const late = this.clock.sleep(graceMs + (this.options.abandonMs ?? 5000), limit.signal).then(
      () => this.logger.error({ graceMs }, 'workers did not stop in time and are abandoned'),
      () => undefined,
    );
    await Promise.race([stopped, late]);
    limit.abort();
  }

  private async finish(graceMs: number): Promise<void> {
    const results = await Promise.allSettled(this.finishers.map((finish) => finish(graceMs)));
    for (const result of results) {
      if (result.status === 'rejected') this.logger.error({ err: result.reason }, 'something could not be finished');
    }
  }

  private unsynced(): string | undefined {
    const missing = this.sources.filter((source) => !source.hasSynced).map((source) => source.name);
    return missing.length > 0 ? `not complete yet: ${missing.join(', ')}` : undefined;
  }

  private leadershipProblem(): string | undefined {
    const { elector } = this.options;
    const acting = this.startedWorkers.length > 0 && !this.stopping.signal.aborted;
    return elector && acting && !elector.isLeader() ? 'lost' : undefined;
  }

  private mustNotRun(): void {
    if (this.running) throw new Error('the manager runs already; add sources and workers before run()');
  }
}

/** Time for finishers, ms. */
const FINISH_MS = 2000;

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await Promise.race([
    promise,
    aborted(signal).then(() => Promise.reject(new AbortedError('stopped before the caches were complete'))),
  ]);
}
