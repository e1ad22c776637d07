import { Worker } from 'node:worker_threads';
import type { Problem } from '../engine/validate/index.ts';
import type { Clock, Timer } from '../runtime/index.ts';
import { ROLE, THREAD } from './thread.ts';

/** What came of a question: problems, or why there is no answer. */
export type Outcome = readonly Problem[] | 'TooLong' | 'Busy';

export interface JudgeThreadOptions {
  readonly clock: Clock;
  /** Until an answer is given, waiting included, ms. */
  readonly limitMs: number;
  /** How much longer a thread may take before it is killed: it may have to start first. Default 2 s. */
  readonly graceMs?: number;
  /** Questions that wait for the one that is being answered. */
  readonly maxWaiting: number;
  /** The file that the thread runs; another one in tests. */
  readonly file?: URL;
}

interface Job {
  readonly text: string;
  readonly settle: (outcome: Outcome) => void;
}

/** A thread that nobody asks ends after this, and gives its memory back. */
const IDLE_MS = 600_000;
const GRACE_MS = 2_000;
/** More than the largest object and all its templates take; what takes more ends the thread. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/** Another thread that judges, made when it is first asked, killed when it takes too long, and made anew. */
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

  /** Nobody waits for the job any more: the thread gets its own time for it, if it has begun. */
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
    // Out of memory, or a fault of ours: no answer is no consent.
    worker.on('error', () => isOurs() && this.#end('TooLong'));
    worker.on('exit', () => isOurs() && this.#end('TooLong'));
    // The program ends when nothing else is to be done. Last, since a listener holds the program again.
    worker.unref();
    return worker;
  }

  /** No timer of ours keeps a program from ending that was told to, whatever is still to be judged. */
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
