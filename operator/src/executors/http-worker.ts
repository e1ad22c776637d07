import type { AttemptObservation } from '../api/index.ts';
import type { Clock } from '../runtime/index.ts';
import { describeStatus, isSuccess, outputsOf, type WebAnswer, WebError, type WebRequest } from '../web/index.ts';
import type { Attempt, RunContext } from './executor.ts';

/** Requests under way at once, and waiting for their turn; what comes on top is asked to come again. */
const AT_ONCE = 64;
const MAX_WAITING = 1_000;
/** Results that are kept until they are stored. Beyond it those of runs that are long gone are dropped. */
const MAX_KEPT = 5_000;

export type Ask = (request: WebRequest, stop: AbortSignal) => Promise<WebAnswer>;

export interface Job extends Attempt {
  readonly request: WebRequest;
  readonly successCodes: readonly number[] | undefined;
  /** Whether the beginning of an answer that is no success is shown. */
  readonly isShown: boolean;
}

interface Entry {
  readonly run: RunContext;
  readonly job: Job;
  readonly stop: AbortController;
  observation: AttemptObservation;
}

export interface HttpWorkerOptions {
  readonly ask: Ask;
  readonly clock: Clock;
  /** Has a run looked at again whose request has ended. */
  readonly wake: (run: RunContext) => void;
}

/**
 * Makes requests in this process, outside of any reconcile. A result is kept in memory until it is stored: what a restart
 * loses is lost, and made again like a pod that was lost.
 */
export class HttpWorker {
  readonly #options: HttpWorkerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: Entry[] = [];
  #underWay = 0;

  constructor(options: HttpWorkerOptions) {
    this.#options = options;
  }

  /** Takes a request, once for each attempt. False: too many wait already. */
  take(run: RunContext, job: Job): boolean {
    const key = keyOf(run, job);
    if (this.#entries.has(key)) return true;
    if (this.#waiting.length >= MAX_WAITING) return false;
    const since = this.#options.clock.now();
    const entry = { run, job, stop: new AbortController(), observation: { phase: 'Pending', since } as const };
    this.#entries.set(key, entry);
    this.#dropOldest();
    this.#waiting.push(entry);
    this.#next();
    return true;
  }

  /** What became of an attempt; undefined if this process knows nothing of it. */
  observe(run: RunContext, attempt: Attempt): AttemptObservation | undefined {
    return this.#entries.get(keyOf(run, attempt))?.observation;
  }

  /** Gives an attempt up. False if this process knows nothing of it. */
  cancel(run: RunContext, attempt: Attempt): boolean {
    const entry = this.#entries.get(keyOf(run, attempt));
    if (!entry) return false;
    if (!isOver(entry)) {
      entry.stop.abort();
      this.#end(entry, failure('RunStopped', 'the request was cancelled: the task was stopped'));
    }
    return true;
  }

  /** Forgets the results of a run that are stored. */
  release(run: RunContext, isSettled: (attempt: Attempt) => boolean): void {
    for (const [key, { run: of, job, stop }] of this.#entries) {
      if (of.uid !== run.uid || !isSettled(job)) continue;
      stop.abort();
      this.#entries.delete(key);
    }
  }

  #next(): void {
    while (this.#underWay < AT_ONCE) {
      const entry = this.#waiting.shift();
      if (!entry) return;
      if (isOver(entry)) continue;
      this.#underWay++;
      void this.#make(entry).finally(() => {
        this.#underWay--;
        this.#next();
      });
    }
  }

  async #make(entry: Entry): Promise<void> {
    const startedAt = this.#options.clock.now();
    entry.observation = { phase: 'Running', startedAt };
    const result = await this.#result(entry);
    if (isOver(entry)) return;
    this.#end(entry, { ...result, startedAt, finishedAt: this.#options.clock.now() });
  }

  async #result({ job, stop }: Entry): Promise<Ended> {
    try {
      const answer = await this.#options.ask(job.request, stop.signal);
      if (!isSuccess(answer.status, job.successCodes))
        return failure('HttpStatus', describeStatus(job.request, answer, job.isShown));
      return { phase: 'Succeeded', message: '', outputs: outputsOf(answer) };
    } catch (error) {
      if (error instanceof WebError) return failure(error.reason, error.message);
      return failure('HttpFailed', `the request could not be made: ${error instanceof Error ? error.name : 'unknown'}`);
    }
  }

  #end(entry: Entry, observation: AttemptObservation): void {
    entry.observation = observation;
    this.#options.wake(entry.run);
  }

  #dropOldest(): void {
    if (this.#entries.size <= MAX_KEPT) return;
    for (const [key, entry] of this.#entries) {
      if (!isOver(entry)) continue;
      this.#entries.delete(key);
      return;
    }
  }
}

type Ended = Extract<AttemptObservation, { phase: 'Succeeded' | 'Failed' }>;
type Failed = Extract<AttemptObservation, { phase: 'Failed' }>;

const isOver = ({ observation }: Entry): boolean => observation.phase === 'Succeeded' || observation.phase === 'Failed';

const keyOf = ({ uid }: RunContext, { path, attempt }: Attempt) => `${uid}/${path}#${attempt}`;

function failure(reason: Failed['reason'], message: string): Failed {
  return { phase: 'Failed', cause: 'User', reason, message };
}
