import { BoundedMap } from '../bounds/index.ts';
import type { Clock, KubeObject } from '../runtime/index.ts';
import type { Attempt, LiveAttempt, RunContext } from './executor.ts';

/** Looks at an object come after so long, then ever later. */
const FIRST_WAIT_MS = 2_000;
const GROWTH = 1.4;
const LONGEST_WAIT_MS = 15_000;
/** Runs that are remembered; the one that came first is forgotten first, which costs it one more look. */
const MAX_RUNS = 5_000;

/** What is remembered of an attempt that waits for an object. After a restart it begins anew. */
export interface Watch {
  readonly live: LiveAttempt;
  readonly startedAt: number;
  /** The object as the API server answered the apply; judged first, so that most attempts need no read at all. */
  applied: KubeObject | undefined;
  isStopped: boolean;
  waitMs: number;
  /** Monotonic time before which nobody looks. */
  nextAt: number;
}

/** The attempts that wait for objects, by run. */
export class Watches {
  private readonly clock: Clock;
  private readonly runs = new BoundedMap<Map<string, Watch>>({ max: MAX_RUNS });

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Remembers what was applied just now. */
  begin(run: RunContext, live: Omit<LiveAttempt, 'backend'>, applied: KubeObject): void {
    const { path, attempt } = live;
    this.end(run, { path, attempt });
    this.of(run, { ...live, backend: 'Resource' }).applied = applied;
  }

  of(run: RunContext, live: LiveAttempt): Watch {
    const watches = this.runs.get(run.uid) ?? new Map<string, Watch>();
    const known = watches.get(keyOf(live));
    if (known) return known;
    const watch = {
      live,
      startedAt: this.clock.now(),
      applied: undefined,
      isStopped: false,
      waitMs: FIRST_WAIT_MS,
      nextAt: this.clock.monotonic(),
    };
    watches.set(keyOf(live), watch);
    this.runs.set(run.uid, watches);
    return watch;
  }

  isDue({ nextAt }: Watch): boolean {
    return this.clock.monotonic() >= nextAt;
  }

  /** Notes that the object was not yet as it should be. */
  looked(watch: Watch): void {
    watch.nextAt = this.clock.monotonic() + watch.waitMs;
    watch.waitMs = Math.min(LONGEST_WAIT_MS, watch.waitMs * GROWTH);
  }

  /** Milliseconds until the first of these attempts is to be looked at again. */
  nextLook(run: RunContext, live: readonly LiveAttempt[]): number | undefined {
    const now = this.clock.monotonic();
    const watches = this.runs.get(run.uid);
    const waits = live.flatMap((each) => {
      const watch = watches?.get(keyOf(each));
      return watch && watch.nextAt > now ? [Math.ceil(watch.nextAt - now)] : [];
    });
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  settled(run: RunContext, isSettled: (attempt: Attempt) => boolean): Watch[] {
    return [...(this.runs.get(run.uid)?.values() ?? [])].filter(({ live }) => isSettled(live));
  }

  end(run: RunContext, attempt: Attempt): void {
    const watches = this.runs.get(run.uid);
    watches?.delete(keyOf(attempt));
    if (watches?.size === 0) this.runs.delete(run.uid);
  }

  forget(run: RunContext): void {
    this.runs.delete(run.uid);
  }
}

const keyOf = ({ path, attempt }: Attempt) => `${path}#${attempt}`;
