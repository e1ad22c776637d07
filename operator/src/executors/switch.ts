import type { AttemptBackend, Rendered } from '../api/index.ts';
import { earliest } from './earliest.ts';
import type {
  Attempt,
  Executor,
  Hit,
  LiveAttempt,
  Observation,
  Refusal,
  RunContext,
  StartRequest,
} from './executor.ts';

/** An executor that is only ever given requests of its own sort. */
export interface BackendExecutor<R extends Rendered> extends Omit<Executor, 'start'> {
  start(run: RunContext, request: StartRequest<R>): Promise<Refusal | Hit | undefined>;
}

export type BackendExecutors = {
  readonly [S in AttemptBackend]: BackendExecutor<Extract<Rendered, { backend: S }>>;
};

/** Backends whose attempts are objects of the cluster, found by their run: also those that the state does not know. */
const WITH_OBJECTS: ReadonlySet<AttemptBackend> = new Set(['Pod', 'Child']);
const BACKENDS = ['Pod', 'Child', 'Resource', 'Http', 'Signal'] as const satisfies readonly AttemptBackend[];

/**
 * Routes each attempt to the executor of its backend. Of an attempt that the state knows, only that executor's observation
 * counts: a pod may make a request over HTTP, and then the pod executor sees it as well; only a Signal answers a task that
 * asks.
 */
export class ExecutorSwitch implements Executor {
  private readonly executors: BackendExecutors;

  constructor(executors: BackendExecutors) {
    this.executors = executors;
  }

  start(run: RunContext, request: StartRequest): Promise<Refusal | Hit | undefined> {
    const executor = this.executors[request.rendered.backend] as BackendExecutor<Rendered>;
    return executor.start(run, request);
  }

  async observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    const bySort = Map.groupBy(live, ({ backend }) => backend);
    const asked = BACKENDS.filter((backend) => WITH_OBJECTS.has(backend) || bySort.has(backend));
    const sortOf = new Map(live.map((each) => [keyOf(each), each.backend]));
    const observations = await Promise.all(
      asked.map(async (backend) => ({
        backend,
        ...(await this.executors[backend].observe(run, bySort.get(backend) ?? [])),
      })),
    );
    const seen = observations.flatMap((each) =>
      each.seen.filter((one) => (sortOf.get(keyOf(one)) ?? each.backend) === each.backend),
    );
    const recheckAfter = earliest(observations.map((each) => each.recheckAfter));
    const strangers = observations.flatMap((each) => each.strangers ?? []);
    return {
      seen,
      ...(recheckAfter === undefined ? {} : { recheckAfter }),
      ...(strangers.length > 0 ? { strangers } : {}),
    };
  }

  cancel(run: RunContext, attempt: LiveAttempt, graceSeconds?: number): Promise<void> {
    return this.executors[attempt.backend].cancel(run, attempt, graceSeconds);
  }

  async release(
    run: RunContext,
    isSettled: (attempt: Attempt) => boolean,
    hurry?: boolean,
  ): Promise<number | undefined> {
    const waits = await all(BACKENDS.map((backend) => this.executors[backend].release(run, isSettled, hurry)));
    return earliest(waits);
  }

  async discard(run: RunContext): Promise<void> {
    await all(BACKENDS.map((backend) => this.executors[backend].discard(run)));
  }
}

const keyOf = ({ path, attempt }: Attempt) => `${path}#${attempt}`;

/** Waits for all, then throws what the first of them threw: none keeps another from its part. */
async function all<T>(calls: readonly Promise<T>[]): Promise<T[]> {
  return (await Promise.allSettled(calls)).map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
