import type {
  AttemptBackend,
  AttemptObject,
  AttemptObservation,
  Lineage,
  Rendered,
  RenderedClaims,
  Task,
  TaskDefaults,
  Workspace,
} from '../api/index.ts';

/** The run on whose behalf an executor acts. */
export interface RunContext {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly workflow: string;
  /** The workspaces that its definition declares; only starts need them. */
  readonly workspaces?: readonly Workspace[] | undefined;
  /** Who asked for it, and how many runs it hangs below: found out where another run is started, and nowhere else. */
  readonly asked?: () => { readonly lineage: Lineage; readonly depth: number };
  readonly signal?: AbortSignal;
}

/** One attempt of a task, of an item of its fan-out, or of an iteration of its loop. */
export interface Attempt {
  readonly path: string;
  readonly attempt: number;
}

/** An attempt that the state takes for live. */
export interface LiveAttempt extends Attempt {
  readonly backend: AttemptBackend;
  readonly task: Task;
  readonly defaults?: TaskDefaults | undefined;
  /** The object that was recorded for it, as `objectId` shortens its uid; no other counts. */
  readonly object?: string | undefined;
  /** It was started before there were proofs. */
  readonly unproven?: true | undefined;
  /** What the attempt was started with; of pods, which carry it themselves, nothing. */
  readonly rendered?: Exclude<Rendered, { backend: 'Pod' }> | undefined;
}

export interface StartRequest<R extends Rendered = Rendered> extends Attempt {
  readonly task: Task;
  readonly defaults: TaskDefaults | undefined;
  readonly rendered: R;
  readonly claims?: RenderedClaims | undefined;
}

export type Refusal = Extract<AttemptObservation, { phase: 'Refused' }>;
export type Hit = Extract<AttemptObservation, { phase: 'Hit' }>;

export interface Seen extends Attempt {
  readonly observation: AttemptObservation;
  /** The object that it was seen of. */
  readonly object?: AttemptObject | undefined;
}

/** An object with our marks that the operator did not make, or not for this: it counts for nothing, and people are told. */
export interface Stranger {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly why: 'NoProof' | 'MadeAgain';
}

export interface Observation {
  readonly seen: readonly Seen[];
  /** Milliseconds after which an attempt that nothing can be said of yet must be looked at again. */
  readonly recheckAfter?: number;
  readonly strangers?: readonly Stranger[];
}

/**
 * Runs the tasks of one backend. All methods are idempotent: they are called again after every crash.
 * A method throws when the API server cannot be reached or answers nonsense; then the whole reconcile is tried again.
 */
export interface Executor {
  /** Starts an attempt, says why it was refused, or what it would only repeat. Starting what was started is no error. */
  start(run: RunContext, request: StartRequest): Promise<Refusal | Hit | undefined>;
  /** Everything that exists for the run, and an entry for each attempt that the state takes for live. */
  observe(run: RunContext, live: readonly LiveAttempt[]): Promise<Observation>;
  /** Asks an attempt to end, with its own grace or a shorter one. */
  cancel(run: RunContext, attempt: LiveAttempt, graceSeconds?: number): Promise<void>;
  /**
   * Lets go of what ran settled attempts, when the API server has nothing better to do; with `hurry` at once. Returns the
   * milliseconds after which it has to be called again, if anything is not to be let go of yet.
   */
  release(run: RunContext, isSettled: (attempt: Attempt) => boolean, hurry?: boolean): Promise<number | undefined>;
  /** Deletes whatever there is of a run that is gone. */
  discard(run: RunContext): Promise<void>;
}
