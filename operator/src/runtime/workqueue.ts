import type { Metrics } from '../telemetry/index.ts';
import { type Clock, realClock, type Timer } from './clock.ts';
import { DelayHeap } from './delay-heap.ts';

/**
 * The order of keys: work in progress first, so that it ends; then new work; then a second look at unchanged objects.
 * Submitting more work than can be done delays only that work, not the work before it.
 */
export type Priority = 'running' | 'new' | 'resync';

const PRIORITIES: readonly Priority[] = ['running', 'new', 'resync'];

const strongest = (a: Priority, b: Priority): Priority => (PRIORITIES.indexOf(a) <= PRIORITIES.indexOf(b) ? a : b);

export interface WorkqueueOptions {
  /** Label of the metrics. */
  readonly name: string;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** First delay after a failure, ms (default 5); doubles with each further one. */
  readonly backoffBaseMs?: number;
  /** Longest delay after failures, ms (default 60,000). */
  readonly backoffCapMs?: number;
  /** Shortest and longest pause between two turns of one key, ms (default 10 and 50; it grows with the queue). */
  readonly coalesceMinMs?: number;
  readonly coalesceMaxMs?: number;
  /** Numbers in [0, 1) that spread retries; replaceable so that tests are exact. */
  readonly random?: () => number;
}

interface Turn {
  readonly since: number;
  again: Priority | undefined;
  atOnce: boolean;
}

interface Waiting {
  readonly since: number;
}

/**
 * A queue of keys. Invariants:
 * 1. A key is in the queue at most once and with at most one worker at a time; added while it is worked on, it comes
 *    back afterwards.
 * 2. The first add of a quiet key is ready at once; adds within the coalescing window after its turn become one.
 * 3. Of several delayed adds of a key the earliest counts, and taking the key cancels it: the turn that begins sees the
 *    reason for the delay, and asks again to be called later.
 * 4. After `shutDown` no key is taken any more; queued keys are dropped, since the next leader reads everything anyway.
 */
export class Workqueue {
  /** Keys that are ready, each in one of them. */
  private readonly ready: Readonly<Record<Priority, Map<string, Waiting>>> = {
    running: new Map(),
    new: new Map(),
    resync: new Map(),
  };
  /** Keys with a worker: when it took them, and whether and how they were added since. */
  private readonly processing = new Map<string, Turn>();
  private readonly delayed = new DelayHeap<Priority>();
  /** Keys that had their turn a moment ago, in the order of their turns, and until when adds of them are held. */
  private readonly cooling = new Map<string, number>();
  private readonly failures = new Map<string, number>();
  private readonly takers: ((key: string | undefined) => void)[] = [];
  private readonly drainers: (() => void)[] = [];
  private readonly clock: Clock;
  private readonly options: Required<Omit<WorkqueueOptions, 'clock'>>;
  private readonly instruments: ReturnType<typeof instrumentsOf>;
  private timer: { due: number; handle: Timer } | undefined;
  private stopped = false;

  constructor(options: WorkqueueOptions) {
    this.clock = options.clock ?? realClock;
    this.options = {
      backoffBaseMs: 5,
      backoffCapMs: 60_000,
      coalesceMinMs: 10,
      coalesceMaxMs: 50,
      random: Math.random,
      ...options,
    };
    this.instruments = instrumentsOf(options.metrics, options.name);
    options.metrics.onScrape(() => this.measureUnfinished());
  }

  /** Keys that are ready and wait for a worker. */
  get depth(): number {
    return this.ready.running.size + this.ready.new.size + this.ready.resync.size;
  }

  /** Adds a key, to be worked on as soon as invariants 1 and 2 allow. */
  add(key: string, priority: Priority = 'running'): void {
    if (this.stopped) return;
    const held = this.cooling.get(key);
    if (held !== undefined && !this.processing.has(key)) {
      const left = held - this.clock.monotonic();
      if (left > 0) {
        this.addAfter(key, left, priority);
        return;
      }
    }
    this.enqueue(key, priority);
  }

  /** Adds a key after `ms` milliseconds, unless it is due earlier already. */
  addAfter(key: string, ms: number, priority: Priority = 'running'): void {
    if (this.stopped) return;
    if (!(ms > 0)) {
      this.enqueue(key, priority);
      return;
    }
    const known = this.delayed.get(key);
    const due = this.clock.monotonic() + ms;
    this.delayed.push(key, due, known === undefined ? priority : strongest(known, priority));
    this.arm();
  }

  /** Asks, from within the turn of a key, for another turn right after it, without the coalescing window. */
  addAgain(key: string): void {
    const turn = this.processing.get(key);
    if (turn) turn.atOnce = true;
    this.enqueue(key, 'running');
  }

  /** Adds a key after a delay that doubles with every failure since `forget`. Returns the delay in milliseconds. */
  addRateLimited(key: string): number {
    const count = this.failures.get(key) ?? 0;
    this.failures.set(key, count + 1);
    const { backoffBaseMs, backoffCapMs, random } = this.options;
    const full = Math.min(backoffBaseMs * 2 ** Math.min(count, 40), backoffCapMs);
    const delay = full * (0.8 + 0.2 * random());
    this.instruments.retries.inc();
    this.addAfter(key, delay);
    return delay;
  }

  /** Ends the series of failures of a key. */
  forget(key: string): void {
    this.failures.delete(key);
  }

  /** How often the key failed since it was last forgotten. */
  failuresOf(key: string): number {
    return this.failures.get(key) ?? 0;
  }

  /** The next key, as soon as there is one; `undefined` once the queue is shut down. Give it back with `done`. */
  take(): Promise<string | undefined> {
    if (this.stopped) return Promise.resolve(undefined);
    const key = this.nextReady();
    if (key !== undefined) return Promise.resolve(this.begin(key));
    return new Promise((resolve) => this.takers.push(resolve));
  }

  /** Ends the turn of a key. */
  done(key: string): void {
    const turn = this.processing.get(key);
    if (!turn) return;
    this.processing.delete(key);
    const now = this.clock.monotonic();
    this.instruments.workDuration.observe((now - turn.since) / 1000);
    this.coolDown(key, now);
    if (turn.again && turn.atOnce) this.addAfter(key, 0, turn.again);
    else if (turn.again) this.add(key, turn.again);
    if (this.processing.size === 0) for (const resolve of this.drainers.splice(0)) resolve();
  }

  /** Takes nothing in and gives nothing out from now on. */
  shutDown(): void {
    this.stopped = true;
    this.timer?.handle.cancel();
    this.timer = undefined;
    for (const each of PRIORITIES) this.ready[each].clear();
    this.delayed.clear();
    this.cooling.clear();
    this.failures.clear();
    this.instruments.depth.set(0);
    for (const resolve of this.takers.splice(0)) resolve(undefined);
  }

  /** Shuts down and waits until every key that was taken has been given back. */
  async drain(): Promise<void> {
    this.shutDown();
    if (this.processing.size > 0) await new Promise<void>((resolve) => this.drainers.push(resolve));
  }

  private enqueue(key: string, priority: Priority): void {
    const turn = this.processing.get(key);
    if (turn) {
      if (turn.again === undefined) this.instruments.adds.inc();
      turn.again = turn.again === undefined ? priority : strongest(turn.again, priority);
      return;
    }
    const known = this.priorityOf(key);
    if (known !== undefined && strongest(known, priority) === known) return;
    if (known === undefined) this.instruments.adds.inc();
    const waiting = known === undefined ? undefined : this.ready[known].get(key);
    if (known !== undefined) this.ready[known].delete(key);
    this.ready[priority].set(key, { since: waiting?.since ?? this.clock.monotonic() });
    const taker = this.takers.shift();
    if (taker) taker(this.begin(key));
    else this.instruments.depth.set(this.depth);
  }

  private nextReady(): string | undefined {
    for (const each of PRIORITIES) for (const key of this.ready[each].keys()) return key;
    return undefined;
  }

  /** Where a ready key waits. */
  private priorityOf(key: string): Priority | undefined {
    return PRIORITIES.find((each) => this.ready[each].has(key));
  }

  private begin(key: string): string {
    const known = this.priorityOf(key);
    const waiting = known === undefined ? undefined : this.ready[known].get(key);
    const now = this.clock.monotonic();
    if (known !== undefined) this.ready[known].delete(key);
    this.delayed.delete(key);
    this.processing.set(key, { since: now, again: undefined, atOnce: false });
    this.instruments.queueDuration.observe((now - (waiting?.since ?? now)) / 1000);
    this.instruments.depth.set(this.depth);
    return key;
  }

  /** Holds further adds of the key for a window that widens as the queue fills, and drops windows that have passed. */
  private coolDown(key: string, now: number): void {
    const { coalesceMinMs, coalesceMaxMs } = this.options;
    const window = Math.min(coalesceMinMs + this.depth, Math.max(coalesceMinMs, coalesceMaxMs));
    this.cooling.delete(key);
    this.cooling.set(key, now + window);
    for (const [old, until] of this.cooling) {
      if (until > now) break;
      this.cooling.delete(old);
    }
  }

  /** Makes sure that one timer is set for the earliest delayed key. */
  private arm(): void {
    const due = this.delayed.nextDue();
    if (due === undefined || (this.timer && this.timer.due <= due)) return;
    this.timer?.handle.cancel();
    const handle = this.clock.setTimeout(() => this.release(), Math.max(0, due - this.clock.monotonic()));
    this.timer = { due, handle };
  }

  private release(): void {
    this.timer = undefined;
    const now = this.clock.monotonic();
    for (let entry = this.delayed.popDue(now); entry; entry = this.delayed.popDue(now)) {
      this.enqueue(entry.key, entry.value);
    }
    this.arm();
  }

  private measureUnfinished(): void {
    const now = this.clock.monotonic();
    let sum = 0;
    let longest = 0;
    for (const { since } of this.processing.values()) {
      sum += now - since;
      longest = Math.max(longest, now - since);
    }
    this.instruments.unfinished.set(sum / 1000);
    this.instruments.longest.set(longest / 1000);
  }
}

function instrumentsOf(metrics: Metrics, name: string) {
  const instruments = {
    depth: metrics.queueDepth.labels(name),
    adds: metrics.queueAdds.labels(name),
    retries: metrics.queueRetries.labels(name),
    queueDuration: metrics.queueDuration.labels(name),
    workDuration: metrics.queueWorkDuration.labels(name),
    unfinished: metrics.queueUnfinishedWork.labels(name),
    longest: metrics.queueLongestRunning.labels(name),
  };
  instruments.depth.set(0);
  instruments.adds.inc(0);
  instruments.retries.inc(0);
  metrics.queueDuration.zero({ name });
  metrics.queueWorkDuration.zero({ name });
  return instruments;
}
