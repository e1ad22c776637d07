import { MAIN_CONTAINER, type Pod } from '../pods/index.ts';
import { type Clock, type KubeClient, PODS } from '../runtime/index.ts';
import type { Attempt, RunContext } from './executor.ts';
import { attemptOf } from './identity.ts';

/** What became of a log. */
export type Archived = 'Stored' | 'Empty' | 'Failed' | 'Skipped';

export interface LogArchiverOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Puts the log of an attempt where it outlives its pod. */
  readonly keep: (run: RunContext, attempt: Attempt, text: string) => Promise<void>;
  readonly count: (result: Archived) => void;
}

/** The end of a log is what is kept; the kubelet can only be asked for its last lines. */
const MAX_BYTES = 1024 * 1024;
const LINES = [8192, 512, 32, 1];
/** Limit of reading a log and of keeping it, together. */
const TIME_MS = 10_000;
const AT_ONCE = 8;
/** After a failure nothing is tried for so long: a store that is away holds no pod up for longer than it must. */
const REST_MS = 30_000;

/**
 * Keeps the logs of finished pods before they are let go. That a log is kept is never a condition of anything: what
 * cannot be kept within its time is counted and given up.
 */
export class LogArchiver {
  readonly #options: LogArchiverOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(options: LogArchiverOptions) {
    this.#options = options;
  }

  /** Never throws. */
  async archive(run: RunContext, pod: Pod): Promise<void> {
    const state = pod.status?.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)?.state;
    if (!pod.spec.nodeName || !state?.terminated) return;
    await this.#turn();
    try {
      this.#options.count(await this.#archive(run, pod));
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }

  async #archive(run: RunContext, pod: Pod): Promise<Archived> {
    const { clock, keep } = this.#options;
    if (run.signal?.aborted || clock.monotonic() < this.#restUntil) return 'Skipped';
    const limit = AbortSignal.timeout(TIME_MS);
    const signal = run.signal ? AbortSignal.any([run.signal, limit]) : limit;
    try {
      const text = await this.#read(pod, signal);
      if (text === '') return 'Empty';
      await within(signal, keep(run, attemptOf(pod.metadata), text));
      return 'Stored';
    } catch {
      this.#restUntil = clock.monotonic() + REST_MS;
      return 'Failed';
    }
  }

  /** As many of the last lines as fit. */
  async #read({ metadata }: Pod, signal: AbortSignal): Promise<string> {
    let text = '';
    for (const tailLines of LINES) {
      const query = { container: MAIN_CONTAINER, tailLines, limitBytes: MAX_BYTES };
      const options = { signal, subresource: 'log', query, maxBytes: 2 * MAX_BYTES, timeoutMs: TIME_MS };
      text = await this.#options.client.getText(PODS, metadata, { ...options, urgency: 'background' });
      if (Buffer.byteLength(text) < MAX_BYTES) return text;
    }
    return text;
  }
}

function within(signal: AbortSignal, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
