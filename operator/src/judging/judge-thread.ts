import { Worker } from 'node:worker_threads';
import type { Problem } from '../engine/validate/index.ts';
import type { Clock, Timer } from '../runtime/index.ts';
import { ROLE, THREAD } from './thread.ts';

/** The outcome of a question: problems, or why there is no answer. */
export type Outcome = readonly Problem[] | 'TooLong' | 'Busy';

export interface JudgeThreadOptions {
  readonly clock: Clock;
  /** Time limit for an answer, including the time in the queue, ms. */
  readonly limitMs: number;
  /** Additional time before a thread is killed, because it may have to start first, ms. Default 2 s. */
  readonly graceMs?: number;
  /** Maximum of queued questions. */
  readonly maxWaiting: number;
  /** The file that the thread runs; tests replace it. */
  readonly file?: URL;
}

interface Job {
  readonly text: string;
  readonly settle: (outcome: Outcome) => void;
}

/** An idle thread ends after this time, and frees its memory, ms. */
const IDLE_MS = 600_000;
const GRACE_MS = 2_000;
/** More than the largest object with all its templates needs; exceeding it ends the thread. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/** A worker thread that validates: started at the first question, killed after the time limit, and started again. */
export class JudgeThread {
  readonly #options: JudgeThreadOptions;
  readonly #waiting: Job[] = [];
  #worker: Worker | undefined;
  #current: Job | undefined;
  #limit: Timer | undefined;
  #idle: Timer | undefined;

  constructor(options: JudgeThreadOptions) {
    this.#options = options;
  }

  /** The answer, within the limit. */
  ask(text: string): Promise<Outcome> {
    const { limitMs, maxWaiting } = this.#options;
    if (this.#waiting.length >= maxWaiting) return Promise.resolve('Busy');
    return new Promise((resolve) => {
      const late = this.#after(limitMs, () => this.#giveUp(job));
      const settle = (outcome: Outcome) => {
        late.cancel();
        resolve(outcome);
      };
      const job: Job = { text, settle };
      this.#waiting.push(job);
      this.#next();
    });
  }

  /** Settles a job at its time limit. If the thread has begun it, the thread may still finish within its own limit. */
  #giveUp(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    job.settle(at >= 0 ? 'Busy' : 'TooLong');
  }

  #next(): void {
    if (this.#current) return;
    const job = this.#waiting.shift();
    this.#idle?.cancel();
    this.#idle = undefined;
    if (!job) {
      this.#idle = this.#after(IDLE_MS, () => this.#kill());
      return;
    }
    this.#current = job;
    const { limitMs, graceMs = GRACE_MS } = this.#options;
    this.#limit = this.#after(limitMs + graceMs, () => this.#end('TooLong'));
    this.#worker ??= this.#start();
    this.#worker.postMessage(job.text);
  }

  #start(): Worker {
    const options = { workerData: ROLE, resourceLimits: LIMITS, execArgv: [], env: {} };
    const worker = new Worker(this.#options.file ?? THREAD, options);
    const isOurs = () => this.#worker === worker;
    worker.on('message', (problems: readonly Problem[]) => isOurs() && this.#settle(problems));
    // Out of memory, or an internal error: no answer never counts as valid.
    worker.on('error', () => isOurs() && this.#end('TooLong'));
    worker.on('exit', () => isOurs() && this.#end('TooLong'));
    // The thread must not keep the process alive. Last, because adding a listener refs the worker again.
    worker.unref();
    return worker;
  }

  /** Sets a timer that does not keep the process alive. */
  #after(ms: number, fn: () => void): Timer {
    const timer = this.#options.clock.setTimeout(fn, ms);
    timer.unref?.();
    return timer;
  }

  #end(outcome: Outcome): void {
    this.#kill();
    this.#settle(outcome);
  }

  #kill(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  #settle(outcome: Outcome): void {
    const job = this.#current;
    this.#limit?.cancel();
    this.#current = undefined;
    job?.settle(outcome);
    this.#next();
  }
}
