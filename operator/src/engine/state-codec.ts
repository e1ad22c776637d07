import type { DesiredState, Json, Outputs } from '../api/index.ts';
import { formatRanges, parseRanges } from './ranges.ts';
import { type Fan, type RunState, STATE_VERSION, type TaskState, type Unit, type UnitPhase } from './state.ts';

/** The state was written by an operator that this one does not understand. Nothing may be decided on it, nor written over it. */
export class UnknownStateVersionError extends Error {
  override readonly name = 'UnknownStateVersionError';
}

const PHASE_CODES: Record<UnitPhase, string> = {
  Waiting: 'w',
  Live: 'l',
  Stopping: 't',
  Backoff: 'b',
  Succeeded: 's',
  Failed: 'f',
  Skipped: 'k',
  Cancelled: 'c',
};
const PHASES = new Map(Object.entries(PHASE_CODES).map(([phase, code]) => [code, phase as UnitPhase]));

type Tuple = (string | number | null)[];
interface WireFan {
  n: number;
  c: number;
  l?: Record<string, Tuple>;
  s?: string;
  f?: string;
  k?: string;
  x?: string;
  o?: Record<string, Outputs>;
  e?: Record<string, Tuple>;
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
  tasks: Record<string, [Tuple, WireFan | null, Outputs | null] | [Tuple, WireFan] | [Tuple]>;
  fails?: [string, number][];
  stop?: [string, string, number];
  end?: [string, string, string, number];
}

function encodeUnit(unit: Unit): Tuple {
  const tuple: Tuple = [
    PHASE_CODES[unit.phase],
    unit.attempt,
    unit.retries,
    unit.infra,
    unit.startedAt ?? null,
    unit.since ?? null,
    unit.finishedAt ?? null,
    unit.reason ?? null,
    unit.message ?? null,
    unit.exitCode ?? null,
  ];
  while (tuple.at(-1) === null) tuple.pop();
  return tuple;
}

function decodeUnit(tuple: Tuple): Unit {
  const [code, attempt, retries, infra, startedAt, since, finishedAt, reason, message, exitCode] = tuple;
  const unit = { phase: PHASES.get(String(code)), attempt, retries, infra } as Unit;
  if (typeof startedAt === 'number') unit.startedAt = startedAt;
  if (typeof since === 'number') unit.since = since;
  if (typeof finishedAt === 'number') unit.finishedAt = finishedAt;
  if (typeof reason === 'string') unit.reason = reason;
  if (typeof message === 'string') unit.message = message;
  if (typeof exitCode === 'number') unit.exitCode = exitCode;
  return unit;
}

const encodeMap = <K, V, W>(map: Map<K, V>, encode: (value: V) => W): Record<string, W> | undefined =>
  map.size === 0 ? undefined : Object.fromEntries([...map].map(([key, value]) => [String(key), encode(value)]));

const decodeMap = <V, W>(wire: Record<string, W> | undefined, decode: (value: W) => V): Map<number, V> =>
  new Map(Object.entries(wire ?? {}).map(([key, value]) => [Number(key), decode(value)]));

function encodeFan(fan: Fan): WireFan {
  return {
    n: fan.count,
    c: fan.next,
    l: encodeMap(fan.live, encodeUnit),
    s: formatRanges(fan.succeeded) || undefined,
    f: formatRanges(fan.failed) || undefined,
    k: formatRanges(fan.skipped) || undefined,
    x: formatRanges(fan.cancelled) || undefined,
    o: encodeMap(fan.outputs, (outputs) => outputs),
    e: encodeMap(fan.kept, encodeUnit),
  } as WireFan;
}

function decodeFan(wire: WireFan): Fan {
  return {
    count: wire.n,
    next: wire.c,
    live: decodeMap(wire.l, decodeUnit),
    succeeded: parseRanges(wire.s ?? ''),
    failed: parseRanges(wire.f ?? ''),
    skipped: parseRanges(wire.k ?? ''),
    cancelled: parseRanges(wire.x ?? ''),
    outputs: decodeMap(wire.o, (outputs) => outputs),
    kept: decodeMap(wire.e, decodeUnit),
  };
}

function encodeTask(task: TaskState): [Tuple, WireFan | null, Outputs | null] | [Tuple, WireFan] | [Tuple] {
  const unit = encodeUnit(task.unit);
  const fan = task.fan ? encodeFan(task.fan) : null;
  if (task.outputs) return [unit, fan, task.outputs];
  return fan ? [unit, fan] : [unit];
}

function decodeTask([unit, fan, outputs]: readonly [Tuple, (WireFan | null)?, (Outputs | null)?]): TaskState {
  const task: TaskState = { unit: decodeUnit(unit) };
  if (fan) task.fan = decodeFan(fan);
  if (outputs) task.outputs = outputs;
  return task;
}

/** The state as the opaque text of `status.state`. Equal states give equal bytes. */
export function encodeState(state: RunState): string {
  const paused = state.pausedSince !== undefined || state.pausedFor > 0;
  const wire = {
    v: STATE_VERSION,
    seq: state.seq,
    at: state.at,
    t: state.t,
    def: state.digest,
    par: state.parameters,
    flags: state.flags.length > 0 ? state.flags : undefined,
    want: state.desired,
    paused: paused ? [state.pausedSince ?? null, state.pausedFor] : undefined,
    first: state.firstTaskAt,
    tasks: Object.fromEntries([...state.tasks].map(([name, task]) => [name, encodeTask(task)])),
    fails: state.failures.size > 0 ? [...state.failures] : undefined,
    stop: state.stop ? [state.stop.reason, state.stop.message, state.stop.t] : undefined,
    end: state.finished
      ? [state.finished.phase, state.finished.reason, state.finished.message, state.finished.t]
      : undefined,
  };
  return JSON.stringify(wire);
}

/**
 * The state of an encoded text; the caller owns it.
 * @throws UnknownStateVersionError when the version is not one that this operator reads
 */
export function decodeState(text: string): RunState {
  const wire = JSON.parse(text) as WireState;
  if (wire.v !== STATE_VERSION) {
    throw new UnknownStateVersionError(
      `the state has version ${JSON.stringify(wire.v)}, this operator reads ${STATE_VERSION}; run the operator that wrote it`,
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
    tasks: new Map(Object.entries(wire.tasks).map(([name, task]) => [name, decodeTask(task)])),
    failures: new Map(wire.fails ?? []),
  };
  if (typeof wire.paused?.[0] === 'number') state.pausedSince = wire.paused[0];
  if (wire.first !== undefined) state.firstTaskAt = wire.first;
  if (wire.stop) state.stop = { reason: wire.stop[0], message: wire.stop[1], t: wire.stop[2] };
  if (wire.end) {
    const [phase, reason, message, t] = wire.end;
    state.finished = { phase: phase as 'Succeeded' | 'Failed' | 'Cancelled', reason, message, t };
  }
  return state;
}
