import { type Definition, encodeEvent, type HistoryEvent, type Json } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import type { RunState, ScopeState, TaskState, Unit, Verdict } from './state.ts';
import { decodeTasks, encodeTasks, type WireTasks } from './task-codec.ts';

/** The first event of a run that continues another, with all that is carried on: it is written with the first status. */
export const MAX_CARRIED_BYTES = 48 * 1024;

type Accepted = Extract<HistoryEvent, { type: 'Accepted' }>;

/**
 * What a run takes over from the one that it continues, as it stands in its first event. Times are milliseconds since
 * this run was accepted, so most of them are before 0.
 */
interface Carried {
  /** Which run of its chain it is. */
  link: number;
  tasks?: WireTasks;
  fails?: [string, number][];
  first?: number;
  /** How long the chain was paused. */
  paused?: number;
  sig?: [uid: string, verdict: Verdict][];
}

/**
 * The first event of the run that continues one in this state.
 * @param now epoch milliseconds; never taken to be before the newest event of the chain, whatever the clock did
 */
export function acceptNext(before: RunState, stateVersion: number, now: number): Accepted {
  const { continuing, digest, flags } = before;
  if (!continuing) throw new RangeError('only a run that is continuing is continued');
  const at = Math.max(now, before.at + before.t);
  const carried = carriedFrom(before, at);
  const parameters = continuing.parameters ?? before.parameters;
  // As it is decoded from history: without what is undefined, and nothing shared with the state that it comes from.
  const plain = JSON.parse(JSON.stringify({ parameters, carried })) as Pick<Accepted, 'parameters' | 'carried'>;
  return { type: 'Accepted', t: 0, at, stateVersion, digest, flags: [...flags], ...plain };
}

/** Bytes of the event that would begin the next run: anew with these parameters, or without any from where it is. */
export function bytesToCarry(state: RunState, index: number, parameters?: { [name: string]: Json }): number {
  const continuing = parameters ? { index, parameters } : { index };
  const next = acceptNext({ ...state, continuing }, 0, state.at + state.t);
  return utf8Length(encodeEvent(next));
}

/** Of a run that begins anew, only how signals ended: those that are not told yet may not be taken twice. */
function carriedFrom(before: RunState, at: number): Carried {
  const { continuing, verdicts, failures, pausedFor, firstTaskAt } = before;
  const sig = verdicts.size > 0 ? { sig: [...verdicts] } : {};
  const link = continuing?.index ?? 0;
  if (continuing?.parameters) return { link, ...sig };
  const earlier = at - before.at;
  return {
    link,
    ...sig,
    tasks: encodeTasks(rebased(before.tasks, earlier)),
    ...(failures.size > 0 ? { fails: [...failures] } : {}),
    ...(firstTaskAt === undefined ? {} : { first: firstTaskAt - earlier }),
    ...(pausedFor > 0 ? { paused: pausedFor } : {}),
  };
}

/** The state of a new run with what it takes over. */
export function takeOver(state: RunState, from: { [name: string]: Json }): RunState {
  const { link, tasks, fails, first, paused, sig } = structuredClone(from) as unknown as Carried;
  state.link = link;
  if (tasks) state.tasks = decodeTasks(tasks);
  if (fails) state.failures = new Map(fails);
  if (first !== undefined) state.firstTaskAt = first;
  if (paused !== undefined) state.pausedFor = paused;
  if (sig) state.verdicts = new Map(sig);
  return state;
}

/** Tasks as a run sees them that was accepted so much later. */
function rebased(tasks: ReadonlyMap<string, TaskState>, earlier: number): Map<string, TaskState> {
  return new Map([...tasks].map(([name, task]) => [name, rebasedTask(task, earlier)]));
}

function rebasedTask({ unit, fan, outputs }: TaskState, earlier: number): TaskState {
  const units = (of: ReadonlyMap<number, Unit>) => new Map([...of].map(([i, each]) => [i, rebasedUnit(each, earlier)]));
  return {
    unit: rebasedUnit(unit, earlier),
    ...(fan ? { fan: { ...fan, live: units(fan.live), kept: units(fan.kept) } } : {}),
    ...(outputs ? { outputs } : {}),
  };
}

function rebasedUnit(unit: Unit, earlier: number): Unit {
  const { startedAt, since, finishedAt, scope, loop, held } = unit;
  const moved: Unit = { ...unit };
  if (startedAt !== undefined) moved.startedAt = startedAt - earlier;
  if (since !== undefined) moved.since = since - earlier;
  if (finishedAt !== undefined) moved.finishedAt = finishedAt - earlier;
  if (held) moved.held = { ...held, first: held.first - earlier, since: held.since - earlier };
  if (scope) moved.scope = rebasedScope(scope, earlier);
  if (!loop) return moved;
  const kept = new Map([...loop.kept].map(([index, each]) => [index, rebasedUnit(each, earlier)]));
  moved.loop = { ...loop, unit: rebasedUnit(loop.unit, earlier), kept };
  if (loop.due !== undefined) moved.loop.due = loop.due - earlier;
  return moved;
}

const rebasedScope = (scope: ScopeState, earlier: number): ScopeState => {
  return { ...scope, tasks: rebased(scope.tasks, earlier) };
};

/**
 * Why a run of this definition cannot go on as another from where it is: a workspace that is made for a run goes with it,
 * and artifacts are those of a run.
 */
export function boundToItsRun({
  workspaces = [],
  tasks,
  library = {},
  finally: last = [],
}: Definition): string | undefined {
  const own = workspaces.find(({ existingClaim }) => existingClaim === undefined);
  if (own) return `its workspace ${own.name} is deleted with the run; use an existingClaim`;
  const all = [...tasks, ...last, ...Object.values(library).flatMap((body) => body.tasks)];
  const fetching = all.find(({ artifacts }) => (artifacts?.inputs ?? []).length > 0);
  return fetching && `its task ${fetching.name} fetches an artifact, and artifacts belong to one run`;
}
