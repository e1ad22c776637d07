import type { DesiredState, Json } from '../../api/index.ts';
import {
  isComposite,
  type RunResult,
  type RunState,
  STATE_VERSIONS,
  type TaskState,
  type Unit,
  type Verdict,
} from './state.ts';
import { decodeTasks, encodeTasks, type WireTasks } from './task-codec.ts';
import { openUnitsOf, tasksIn } from './units.ts';

/** The state was written by an operator that this one does not understand. Nothing may be decided on it, nor written over it. */
export class UnknownStateVersionError extends Error {
  override readonly name = 'UnknownStateVersionError';
}

interface WireState {
  v: number;
  seq: number;
  at: number;
  t: number;
  def: string;
  par: { [name: string]: Json };
  flags?: number[];
  want: DesiredState;
  paused?: [since: number | null, total: number];
  first?: number;
  tasks: WireTasks;
  fails?: [string, number][];
  stop?: [string, string, number];
  sig?: [uid: string, ...verdict: WireVerdict][];
  link?: number;
  next?: [index: number, parameters?: { [name: string]: Json }];
  stays?: [seq: number, message: string];
  result?: WireResult;
  end?: WireResult;
}
type WireVerdict = [phase: Verdict['phase'], reason: string, more?: Omit<Verdict, 'phase' | 'reason'>];
type WireResult = [phase: string, reason: string, message: string, t: number];

/** The state as the opaque text of `status.state`. Equal states give equal bytes. */
export function encodeState(state: RunState): string {
  const paused = state.pausedSince !== undefined || state.pausedFor > 0;
  const wire = {
    v: versionOf(state),
    seq: state.seq,
    at: state.at,
    t: state.t,
    def: state.digest,
    par: state.parameters,
    flags: state.flags.length > 0 ? state.flags : undefined,
    want: state.desired,
    paused: paused ? [state.pausedSince ?? null, state.pausedFor] : undefined,
    first: state.firstTaskAt,
    tasks: encodeTasks(state.tasks),
    fails: state.failures.size > 0 ? [...state.failures] : undefined,
    stop: state.stop ? [state.stop.reason, state.stop.message, state.stop.t] : undefined,
    sig: state.verdicts.size > 0 ? [...state.verdicts].map(encodeVerdict) : undefined,
    link: state.link,
    next: state.continuing && encodeNext(state.continuing),
    stays: state.stays && [state.stays.seq, state.stays.message],
    result: encodeResult(state.result),
    end: encodeResult(state.finished),
  };
  return JSON.stringify(wire);
}

/**
 * The state of an encoded text; the caller owns it.
 * @throws UnknownStateVersionError when the version is not one that this operator reads
 */
export function decodeState(text: string): RunState {
  const wire = JSON.parse(text) as WireState;
  if (!STATE_VERSIONS.includes(wire.v)) {
    throw new UnknownStateVersionError(
      `the state has version ${JSON.stringify(wire.v)}, this operator reads ${STATE_VERSIONS.join(' and ')}; run the operator that wrote it`,
    );
  }
  const state: RunState = {
    seq: wire.seq,
    at: wire.at,
    t: wire.t,
    digest: wire.def,
    parameters: wire.par,
    flags: wire.flags ?? [],
    desired: wire.want,
    pausedFor: wire.paused?.[1] ?? 0,
    tasks: decodeTasks(wire.tasks),
    failures: new Map(wire.fails ?? []),
    verdicts: new Map((wire.sig ?? []).map(decodeVerdict)),
  };
  if (typeof wire.paused?.[0] === 'number') state.pausedSince = wire.paused[0];
  if (wire.first !== undefined) state.firstTaskAt = wire.first;
  if (wire.stop) state.stop = { reason: wire.stop[0], message: wire.stop[1], t: wire.stop[2] };
  if (wire.link !== undefined) state.link = wire.link;
  if (wire.next) state.continuing = decodeNext(wire.next);
  if (wire.stays) state.stays = { seq: wire.stays[0], message: wire.stays[1] };
  if (wire.result) state.result = decodeResult(wire.result);
  if (wire.end) state.finished = decodeResult(wire.end);
  return state;
}

function encodeVerdict([uid, { phase, reason, ...more }]: [string, Verdict]): [string, ...WireVerdict] {
  return Object.keys(more).length > 0 ? [uid, phase, reason, more] : [uid, phase, reason];
}

function decodeVerdict([uid, phase, reason, more]: [string, ...WireVerdict]): [string, Verdict] {
  return [uid, { phase, reason, ...more }];
}

const encodeNext = ({ index, parameters }: NonNullable<RunState['continuing']>): NonNullable<WireState['next']> =>
  parameters ? [index, parameters] : [index];

const decodeNext = ([index, parameters]: NonNullable<WireState['next']>): NonNullable<RunState['continuing']> =>
  parameters ? { index, parameters } : { index };

const encodeResult = (result: RunResult | undefined): WireResult | undefined =>
  result && [result.phase, result.reason, result.message, result.t];

function decodeResult([phase, reason, message, t]: WireResult): RunResult {
  return { phase: phase as RunResult['phase'], reason, message, t };
}

/** The lowest version that can hold the state: an operator of the version before goes on with what it understands. */
function versionOf(state: RunState): number {
  let isAsked = false;
  for (const task of tasksIn(state.tasks)) {
    if (task.placed || task.awaits !== undefined) return 4;
    for (const { held, ask } of openUnitsOf(task)) {
      if (held) return 4;
      isAsked ||= ask !== undefined;
    }
  }
  if (state.verdicts.size > 0 || isInChain(state) || isAsked) return 3;
  return state.result || [...state.tasks.values()].some(isNewTask) ? 2 : 1;
}

const isNewTask = ({ unit, fan }: TaskState): boolean =>
  isNew(unit) ||
  (fan !== undefined && (fan.inner !== undefined || [...fan.live.values(), ...fan.kept.values()].some(isNew)));

const isInChain = ({ link, continuing, stays }: RunState): boolean =>
  link !== undefined || continuing !== undefined || stays !== undefined;

const isNew = (unit: Unit): boolean =>
  unit.phase === 'Open' ||
  isComposite(unit) ||
  unit.inner !== undefined ||
  unit.from !== undefined ||
  !!unit.nodes ||
  unit.key !== undefined;
