import type { DesiredState, Json, Outputs } from '../api/index.ts';
import type { Ranges } from './ranges.ts';

/** Version of the encoded state. An operator reads this one and the one before; it refuses any other and touches nothing. */
export const STATE_VERSION = 1;

/** A unit is a plain task or one item of a fan-out: what has attempts. */
export type UnitPhase = 'Waiting' | 'Live' | 'Stopping' | 'Backoff' | 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';

/** All times are milliseconds since the run was accepted. */
export interface Unit {
  phase: UnitPhase;
  /** Newest attempt started; -1 before the first. */
  attempt: number;
  /** Retries paid by the user's limit, and by the counter of infrastructure failures. */
  retries: number;
  infra: number;
  startedAt?: number;
  /** When the newest attempt started; Stopping: when the stop was decided; Backoff: when the next is due. */
  since?: number;
  finishedAt?: number;
  reason?: string;
  message?: string;
  exitCode?: number;
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
}

export interface TaskState {
  unit: Unit;
  fan?: Fan;
  outputs?: Outputs;
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
  finished?: { phase: 'Succeeded' | 'Failed' | 'Cancelled'; reason: string; message: string; t: number };
}

/** How many failures keep their message in state; the rest are counts here and whole in the journal. */
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
  return unit.phase === 'Live' || unit.phase === 'Stopping';
}
