import type { Json, Outputs, SignalDecision, Task } from '../../api/index.ts';
import { decodePlaced, encodePlaced, type WirePlaced } from './placed.ts';
import { formatRanges, parseRanges } from './ranges.ts';
import type { Ask, Fan, Held, InnerCounts, LoopState, ScopeState, TaskState, Unit, UnitPhase } from './state.ts';

const PHASE_CODES: Record<UnitPhase, string> = {
  Waiting: 'w',
  Live: 'l',
  Open: 'o',
  Stopping: 't',
  Backoff: 'b',
  Succeeded: 's',
  Failed: 'f',
  Skipped: 'k',
  Cancelled: 'c',
};
const PHASES = new Map(Object.entries(PHASE_CODES).map(([phase, code]) => [code, phase as UnitPhase]));

type Tuple = (string | number | null | WireMore)[];
/** What few units have. */
interface WireMore {
  s?: WireScope;
  l?: WireLoop;
  i?: WireInner;
  f?: string;
  n?: string[];
  k?: string;
  a?: WireAsk;
  u?: string;
  h?: WireHeld;
}
type WireHeld = [first: number, since: number, reason: string];
/** `u`: username and when, then what few votes have. */
interface WireAsk {
  u: WireVote[];
  s?: { [name: string]: Json };
  c?: string;
  e?: number;
}
type WireVote = [username: string, at: number, decision: SignalDecision | null, more?: WireVoteMore];
type WireVoteMore = Omit<Ask['votes'][number], 'username' | 'at' | 'decision'>;
type WireInner = [succeeded: number, failed: number, skipped: number];
interface WireScope {
  t: WireTasks;
  p?: { [name: string]: Json };
  g?: Task[];
}
interface WireLoop {
  n: number;
  s: { [name: string]: Json };
  u: Tuple;
  d?: number;
  o?: Outputs;
  k?: Record<string, Tuple>;
  c: number;
}
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
  i?: WireInner;
}
type WireTask =
  | [Tuple, WireFan | null, Outputs | null, WirePlaced | null, number]
  | [Tuple, WireFan | null, Outputs | null, WirePlaced]
  | [Tuple, WireFan | null, Outputs]
  | [Tuple, WireFan]
  | [Tuple];
export type WireTasks = Record<string, WireTask>;

/** The tasks of a scope as they stand in the encoded state. Equal tasks give equal bytes. */
export function encodeTasks(tasks: ReadonlyMap<string, TaskState>): WireTasks {
  return Object.fromEntries([...tasks].map(([name, task]) => [name, encodeTask(task)]));
}

export function decodeTasks(wire: WireTasks): Map<string, TaskState> {
  return new Map(Object.entries(wire).map(([name, task]) => [name, decodeTask(task)]));
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
    encodeMore(unit),
  ];
  while (tuple.at(-1) === null) tuple.pop();
  return tuple;
}

function encodeMore({ scope, loop, inner, from, nodes, key, ask, object, held }: Unit): WireMore | null {
  const texts = [from, key, object];
  if (!scope && !loop && !inner && !nodes && !ask && !held && texts.every((text) => text === undefined)) return null;
  return {
    s: scope && { t: encodeTasks(scope.tasks), p: scope.params, g: scope.generated },
    l: loop && encodeLoop(loop),
    i: inner && encodeInner(inner),
    f: from,
    n: nodes,
    k: key,
    a: ask && encodeAsk(ask),
    u: object,
    h: held && encodeHeld(held),
  } as WireMore;
}

function encodeAsk({ votes, values, comment, escalatedAt }: Ask): WireAsk {
  return {
    u: votes.map(({ username, at, decision, ...more }): WireVote => {
      return Object.keys(more).length > 0 ? [username, at, decision ?? null, more] : [username, at, decision ?? null];
    }),
    s: Object.keys(values).length > 0 ? values : undefined,
    c: comment,
    e: escalatedAt,
  } as WireAsk;
}

function decodeAsk({ u, s, c, e }: WireAsk): Ask {
  const votes = u.map(([username, at, decision, more]) => ({
    username,
    at,
    ...(decision === null ? {} : { decision }),
    ...more,
  }));
  return {
    votes,
    values: s ?? {},
    ...(c === undefined ? {} : { comment: c }),
    ...(e === undefined ? {} : { escalatedAt: e }),
  };
}

const encodeHeld = ({ first, since, reason }: Held): WireHeld => [first, since, reason];
const decodeHeld = ([first, since, reason]: WireHeld): Held => ({ first, since, reason });

const encodeInner = ({ succeeded, failed, skipped }: InnerCounts): WireInner => [succeeded, failed, skipped];
const decodeInner = ([succeeded, failed, skipped]: WireInner): InnerCounts => ({ succeeded, failed, skipped });

function encodeLoop(loop: LoopState): WireLoop {
  return {
    n: loop.index,
    s: loop.state,
    u: encodeUnit(loop.unit),
    d: loop.due,
    o: loop.outputs,
    k: encodeMap(loop.kept, encodeUnit),
    c: loop.keep,
  } as WireLoop;
}

function decodeUnit(tuple: Tuple): Unit {
  const [code, attempt, retries, infra, startedAt, since, finishedAt, reason, message, exitCode, more] = tuple;
  const unit = { phase: PHASES.get(String(code)), attempt, retries, infra } as Unit;
  if (typeof startedAt === 'number') unit.startedAt = startedAt;
  if (typeof since === 'number') unit.since = since;
  if (typeof finishedAt === 'number') unit.finishedAt = finishedAt;
  if (typeof reason === 'string') unit.reason = reason;
  if (typeof message === 'string') unit.message = message;
  if (typeof exitCode === 'number') unit.exitCode = exitCode;
  if (more !== null && typeof more === 'object') decodeMore(unit, more);
  return unit;
}

function decodeMore(unit: Unit, { s, l, i, f, n, k, a, u, h }: WireMore): void {
  if (s) unit.scope = decodeScope(s);
  if (l) unit.loop = decodeLoop(l);
  if (i) unit.inner = decodeInner(i);
  if (f !== undefined) unit.from = f;
  if (n) unit.nodes = n;
  if (k !== undefined) unit.key = k;
  if (a) unit.ask = decodeAsk(a);
  if (u !== undefined) unit.object = u;
  if (h) unit.held = decodeHeld(h);
}

function decodeScope({ t, p, g }: WireScope): ScopeState {
  const scope: ScopeState = { tasks: decodeTasks(t) };
  if (p) scope.params = p;
  if (g) scope.generated = g;
  return scope;
}

function decodeLoop({ n, s, u, d, o, k, c }: WireLoop): LoopState {
  const loop: LoopState = { index: n, state: s, unit: decodeUnit(u), kept: decodeMap(k, decodeUnit), keep: c };
  if (d !== undefined) loop.due = d;
  if (o) loop.outputs = o;
  return loop;
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
    i: fan.inner && encodeInner(fan.inner),
  } as WireFan;
}

function decodeFan(wire: WireFan): Fan {
  const fan: Fan = {
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
  if (wire.i) fan.inner = decodeInner(wire.i);
  return fan;
}

function encodeTask(task: TaskState): WireTask {
  const unit = encodeUnit(task.unit);
  const fan = task.fan ? encodeFan(task.fan) : null;
  const placed = task.placed ? encodePlaced(task.placed) : null;
  if (task.awaits !== undefined) return [unit, fan, task.outputs ?? null, placed, task.awaits];
  if (placed) return [unit, fan, task.outputs ?? null, placed];
  if (task.outputs) return [unit, fan, task.outputs];
  return fan ? [unit, fan] : [unit];
}

type AnyWireTask = readonly [Tuple, (WireFan | null)?, (Outputs | null)?, (WirePlaced | null)?, number?];

function decodeTask([unit, fan, outputs, placed, awaits]: AnyWireTask): TaskState {
  const task: TaskState = { unit: decodeUnit(unit) };
  if (fan) task.fan = decodeFan(fan);
  if (outputs) task.outputs = outputs;
  if (placed) task.placed = decodePlaced(placed);
  if (awaits !== undefined) task.awaits = awaits;
  return task;
}
