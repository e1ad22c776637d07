import type { DesiredState, Json, Outputs, SignalDecision, SignalPhase, Task, Vote } from '../../api/index.ts';
import type { Placed } from './placed.ts';
import type { Ranges } from './ranges.ts';

/**
 * Versions of the encoded state that are read; any other is refused and not touched. A state is written with the lowest
 * that can hold it: 2 knows units that are open, with scopes and loops; 3 knows signals and chains; 4 knows outputs by
 * their place, those that follow from an earlier run, and starts that are held up.
 */
export const STATE_VERSIONS: readonly number[] = [1, 2, 3, 4];

/**
 * A unit is a plain task, one item of a fan-out, or one iteration of a loop. Live and Stopping: it has an attempt that may
 * be running. Open: it goes on without an attempt of its own, as a sleep, a template or a loop does; one of these that is
 * to end is Stopping too.
 */
export type UnitPhase =
  | 'Waiting'
  | 'Live'
  | 'Open'
  | 'Stopping'
  | 'Backoff'
  | 'Succeeded'
  | 'Failed'
  | 'Skipped'
  | 'Cancelled';

/** Units that ended inside of a unit that has ended itself. */
export interface InnerCounts {
  succeeded: number;
  failed: number;
  skipped: number;
}

/** In `flags`: whatever this run owns carries proof. A run without it was begun before there was any. */
export const FLAG_PROVEN = 1;

/** All times are milliseconds since the run was accepted. */
export interface Unit {
  phase: UnitPhase;
  /** Newest attempt started; -1 before the first. */
  attempt: number;
  /** Retries paid by the user's limit, and by the counter of infrastructure failures. */
  retries: number;
  infra: number;
  startedAt?: number;
  /** When the newest attempt started; Stopping: when the stop was decided; Backoff and a sleep: when it is over. */
  since?: number;
  finishedAt?: number;
  reason?: string;
  message?: string;
  exitCode?: number;
  /** The tasks of a template or of `generate`, while it is open. */
  scope?: ScopeState;
  loop?: LoopState;
  inner?: InnerCounts;
  /** The attempt whose result was taken instead of a new one: `<run>/<path>`. */
  from?: string;
  /** What `forEach.key` names the item. */
  key?: string;
  /** What people have answered, while they are asked. */
  ask?: Ask;
  /** The object that runs the newest attempt, as `objectId` shortens its uid, once that is recorded. */
  object?: string;
  /** Nodes on which earlier attempts failed, while `retry.otherNode` asks for them. */
  nodes?: string[];
  /** While the start of its next attempt is refused; only units that are Waiting or in Backoff have it. */
  held?: Held;
}

/** A start that something keeps from happening. A pause moves both times on by its length. */
export interface Held {
  /** When the start was refused first: from then on the task takes time. */
  first: number;
  /** From when `pendingTimeout` counts: later than `first` if the wait was one without a default before. */
  since: number;
  /** What it was refused for when that was recorded. */
  reason: string;
}

/** What was answered so far: one vote a user, in the order in which they were recorded, without what only history keeps. */
export interface Ask {
  votes: Omit<Vote, 'comment' | 'values'>[];
  /** Values that were given, the later over the earlier. */
  values: { [name: string]: Json };
  /** The newest remark. */
  comment?: string;
  /** When others were asked too. */
  escalatedAt?: number;
}

/** How a signal came to its end. */
export interface Verdict {
  phase: Exclude<SignalPhase, 'Pending'>;
  reason: string;
  message?: string;
  /** Path of the task that took it, or asked. */
  task?: string;
  decision?: SignalDecision;
}

/** A loop that is open: its current iteration, and what is carried on. */
export interface LoopState {
  /** Number of the current iteration, from 0. */
  index: number;
  state: { [name: string]: Json };
  unit: Unit;
  /** When the current iteration may start. */
  due?: number;
  /** Outputs of the current iteration, once it has ended. */
  outputs?: Outputs;
  /** The last iterations that have ended, as many as `keep` says. */
  kept: Map<number, Unit>;
  keep: number;
}

/** One instance of a graph of tasks. */
export interface ScopeState {
  /** Only tasks that something happened to; all others wait. */
  tasks: Map<string, TaskState>;
  /** Values of the template's parameters; without them the scope sees those around it. */
  params?: { [name: string]: Json };
  /** Tasks that `generate` made. */
  generated?: Task[];
}

/** The items of a fan-out: live ones as units, finished ones as ranges by outcome. */
export interface Fan {
  count: number;
  /** The first item that was never started nor skipped. */
  next: number;
  live: Map<number, Unit>;
  succeeded: Ranges;
  failed: Ranges;
  skipped: Ranges;
  cancelled: Ranges;
  outputs: Map<number, Outputs>;
  /** Items that have ended and are kept whole, for people: all of a small fan-out, the first failures of a large one. */
  kept: Map<number, Unit>;
  inner?: InnerCounts;
}

export interface TaskState {
  unit: Unit;
  fan?: Fan;
  outputs?: Outputs;
  /** Outputs that the state does not hold itself. */
  placed?: Placed;
  /** Outputs of an earlier run that are still to be taken over: from this index on. */
  awaits?: number;
}

export interface RunResult {
  phase: 'Succeeded' | 'Failed' | 'Cancelled';
  reason: string;
  message: string;
  t: number;
}

export interface RunState {
  seq: number;
  /** Absolute time, in epoch milliseconds, at which the run was accepted. */
  at: number;
  /** Time of the newest event. */
  t: number;
  digest: string;
  parameters: { [name: string]: Json };
  flags: number[];
  desired: DesiredState;
  pausedSince?: number;
  pausedFor: number;
  firstTaskAt?: number;
  /** Only tasks that something happened to; all others wait. */
  tasks: Map<string, TaskState>;
  /** Failures of tasks and items by reason. */
  failures: Map<string, number>;
  stop?: { reason: string; message: string; t: number };
  /** Ends of signals by uid, until the signals themselves say so: none is taken twice. */
  verdicts: Map<string, Verdict>;
  /** Which run of its chain it is, if it continues another; the first is 0. */
  link?: number;
  /** It goes on as another run, from where it is unless that begins anew with these parameters. */
  continuing?: { index: number; parameters?: { [name: string]: Json } };
  /** After so many events it was time to go on as another run, and that could not be. */
  stays?: { seq: number; message: string };
  /** The result of the tasks, once it is fixed and only undo and finally may still run. */
  result?: RunResult;
  finished?: RunResult;
}

/**
 * How many failures keep their message in state; the rest are counts here and whole in the journal, but for those that
 * may decide how the run ends (words.ts).
 */
export const MAX_KEPT_FAILURES = 50;
export const MAX_MESSAGE_LENGTH = 512;
/** Fan-outs of at most this many items keep every item whole; it is as many as are ever shown. */
export const SMALL_FAN_OUT = 50;

export function newUnit(): Unit {
  return { phase: 'Waiting', attempt: -1, retries: 0, infra: 0 };
}

export function newFan(count: number): Fan {
  return {
    count,
    next: 0,
    live: new Map(),
    succeeded: [],
    failed: [],
    skipped: [],
    cancelled: [],
    outputs: new Map(),
    kept: new Map(),
  };
}

const TERMINAL: ReadonlySet<UnitPhase> = new Set(['Succeeded', 'Failed', 'Skipped', 'Cancelled']);

export function isTerminal(unit: Unit): boolean {
  return TERMINAL.has(unit.phase);
}

/** Whether the unit has an attempt that may be running. */
export function isLive(unit: Unit): boolean {
  return unit.phase === 'Live' || (unit.phase === 'Stopping' && !isComposite(unit));
}

/** Whether the unit consists of others. */
export function isComposite(unit: Unit): boolean {
  return unit.scope !== undefined || unit.loop !== undefined;
}
