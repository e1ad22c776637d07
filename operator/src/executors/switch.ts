import type { AttemptSort, Rendered } from '../api/index.ts';
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
export interface SortExecutor<R extends Rendered> extends Omit<Executor, 'start'> {
  start(run: RunContext, request: StartRequest<R>): Promise<Refusal | Hit | undefined>;
}

export type SortExecutors = {
  readonly [S in AttemptSort]: SortExecutor<Extract<Rendered, { sort: S }>>;
};

/** Sorts whose attempts are objects of the cluster, found by their run: also those that the state does not know. */
const WITH_OBJECTS: ReadonlySet<AttemptSort> = new Set(['Pod', 'Child']);
const SORTS = ['Pod', 'Child', 'Resource', 'Http', 'Signal'] as const satisfies readonly AttemptSort[];

/**
 * One executor of those of all sorts. Of an attempt that the state knows only the executor of its sort says anything: a
 * request over HTTP may be made by a pod, which the executor of pods sees as well, and nothing but a Signal answers a task
 * that asks.
 */
export class ExecutorSwitch implements Executor {
  private readonly executors: SortExecutors;

  constructor(executors: SortExecutors) {
    this.executors = executors;
  }

  start(run: RunContext, request: StartRequest): Promise<Refusal | Hit | undefined> {
    const executor = this.executors[request.rendered.sort] as SortExecutor<Rendered>;
    return executor.start(run, request);
  }

  async observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation> {
    const bySort = Map.groupBy(live, ({ sort }) => sort);
    const asked = SORTS.filter((sort) => WITH_OBJECTS.has(sort) || bySort.has(sort));
    const sortOf = new Map(live.map((each) => [keyOf(each), each.sort]));
    const observations = await Promise.all(
      asked.map(async (sort) => ({ sort, ...(await this.executors[sort].observe(run, bySort.get(sort) ?? [])) })),
    );
    const seen = observations.flatMap((each) =>
      each.seen.filter((one) => (sortOf.get(keyOf(one)) ?? each.sort) === each.sort),
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
    return this.executors[attempt.sort].cancel(run, attempt, graceSeconds);
  }

  async release(
    run: RunContext,
    isSettled: (attempt: Attempt) => boolean,
    hurry?: boolean,
  ): Promise<number | undefined> {
    const waits = await all(SORTS.map((sort) => this.executors[sort].release(run, isSettled, hurry)));
    return earliest(waits);
  }

  async discard(run: RunContext): Promise<void> {
    await all(SORTS.map((sort) => this.executors[sort].discard(run)));
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
