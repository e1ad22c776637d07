import type { AttemptSort, Rendered } from '../api/index.ts';
import type {
  Attempt,
  Executor,
  Hit,
  LiveAttempt,
  Observation,
  Refusal,
  RunContext,
  Seen,
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
 * One executor of those of all sorts. What two of them see of the same attempt is what the one says that is of its sort:
 * a request over HTTP may be made by a pod, which the executor of pods sees as well.
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
    const observations = await Promise.all(
      asked.map((sort) => this.executors[sort].observe(run, bySort.get(sort) ?? [])),
    );
    // Later ones win: what makes pods for others comes after the pods.
    const seen = new Map<string, Seen>();
    for (const each of observations.flatMap((observation) => observation.seen)) seen.set(keyOf(each), each);
    const waits = observations.flatMap(({ recheckAfter }) => recheckAfter ?? []);
    return { seen: [...seen.values()], ...(waits.length > 0 ? { recheckAfter: Math.min(...waits) } : {}) };
  }

  cancel(run: RunContext, attempt: LiveAttempt, graceSeconds?: number): Promise<void> {
    return this.executors[attempt.sort].cancel(run, attempt, graceSeconds);
  }

  async release(run: RunContext, isSettled: (attempt: Attempt) => boolean, hurry?: boolean): Promise<void> {
    await all(SORTS.map((sort) => this.executors[sort].release(run, isSettled, hurry)));
  }

  async discard(run: RunContext): Promise<void> {
    await all(SORTS.map((sort) => this.executors[sort].discard(run)));
  }
}

const keyOf = ({ path, attempt }: Attempt) => `${path}#${attempt}`;

/** Waits for all, then throws what the first of them threw: none keeps another from its part. */
async function all(calls: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(calls)) if (result.status === 'rejected') throw result.reason;
}
