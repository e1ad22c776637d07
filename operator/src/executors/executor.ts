import type { AttemptObservation, RenderedTask, Task, TaskDefaults } from '../api/index.ts';

/** The run on whose behalf an executor acts. */
export interface RunContext {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly workflow: string;
  readonly signal?: AbortSignal;
}

/** One attempt of a task or of an item of its fan-out. */
export interface Attempt {
  readonly path: string;
  readonly attempt: number;
}

export interface StartRequest extends Attempt {
  readonly task: Task;
  readonly defaults: TaskDefaults | undefined;
  readonly rendered: RenderedTask;
}

export type Refusal = Extract<AttemptObservation, { phase: 'Refused' }>;

export interface Seen extends Attempt {
  readonly observation: AttemptObservation;
}

export interface Observation {
  readonly seen: readonly Seen[];
  /** Milliseconds after which an attempt that nothing can be said of yet must be looked at again. */
  readonly recheckAfter?: number;
}

/**
 * How tasks of one sort are run. All methods are idempotent: they are called again after every crash.
 * A method throws when the API server cannot be reached or answers nonsense; then the whole reconcile is tried again.
 */
export interface Executor {
  /** Starts an attempt, or says why it was refused. Starting what was started is no error. */
  start(run: RunContext, request: StartRequest): Promise<Refusal | undefined>;
  /** Everything that exists for the run, and an entry for each attempt that the state takes for live. */
  observe(run: RunContext, live: readonly Attempt[]): Promise<Observation>;
  /** Asks an attempt to end, with its own grace or a shorter one. */
  cancel(run: RunContext, attempt: Attempt, graceSeconds?: number): Promise<void>;
  /** Lets go of what ran settled attempts, when the API server has nothing better to do; with `hurry` at once. */
  release(run: RunContext, isSettled: (attempt: Attempt) => boolean, hurry?: boolean): Promise<void>;
  /** Deletes whatever there is of a run that is gone. */
  discard(run: RunContext): Promise<void>;
}
