import type { Json } from '../../api/index.ts';
import { type Plan, type PlannedTask, planGenerated, type ScopePlan } from '../plan/plan.ts';
import { formatPath, parseSegments } from './paths.ts';
import { isTerminal, type LoopState, type RunState, type TaskState, type Unit } from './state.ts';

/** One instance of a graph in a run: the run itself, an open template, or generated tasks. */
export interface Frame {
  readonly plan: ScopePlan;
  readonly tasks: Map<string, TaskState>;
  readonly params: Readonly<Record<string, Json>>;
  /** Path of the unit whose inside this is; empty for the run. */
  readonly path: string;
  readonly owner?: Place;
}

/** Why everything inside of something must end. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  /** When the order to end was given, in milliseconds since the run was accepted; of several the first. */
  readonly t: number;
}

/** A unit where it stands: its instance of a graph, its item, its iteration. */
export interface Place {
  readonly frame: Frame;
  readonly planned: PlannedTask;
  readonly path: string;
  readonly index: number | undefined;
  /** The loop whose current iteration it is. */
  readonly loop: LoopState | undefined;
  readonly unit: Unit;
  /** It has to end, because of something around it. */
  readonly cause: Cause | undefined;
}

export function rootFrame(plan: Plan, state: RunState): Frame {
  return { plan, tasks: state.tasks, params: state.parameters, path: '' };
}

/** Every unit that anything has happened to and that is not in a range: plain tasks, live items, what is inside them. */
export function* placesOf(whole: Plan, frame: Frame, cause?: Cause): Generator<Place> {
  for (const [name, task] of frame.tasks) {
    const planned = frame.plan.tasks.get(name);
    if (!planned) continue;
    const path = formatPath(frame.path, name);
    if (!task.fan) {
      yield* placesIn(whole, { frame, planned, path, index: undefined, loop: undefined, unit: task.unit, cause });
      continue;
    }
    const hurried = causeOfItems(planned, task, cause);
    for (const [index, unit] of [...task.fan.live]) {
      const item = { frame, planned, path: `${path}[${index}]`, index, loop: undefined, unit, cause: hurried };
      yield* placesIn(whole, item);
    }
  }
}

function* placesIn(whole: Plan, place: Place): Generator<Place> {
  yield place;
  const { unit } = place;
  if (!unit.loop && !unit.scope) return;
  const cause = causeInside(place);
  const { loop } = unit;
  if (loop) yield* placesIn(whole, { ...place, path: `${place.path}/${loop.index}`, loop, unit: loop.unit, cause });
  const frame = frameIn(whole, place);
  if (frame) yield* placesOf(whole, frame, cause);
}

/** Why the items of a fan-out must end: `cause`, or failFast, with which the first failure is the end of all others. */
export function causeOfItems(
  { task }: Pick<PlannedTask, 'task'>,
  { fan, unit }: TaskState,
  cause?: Cause,
): Cause | undefined {
  if (!task.forEach?.failFast || !fan || fan.failed.length === 0) return cause;
  const failures = [...fan.kept.values()].flatMap(({ phase, finishedAt = 0 }) =>
    phase === 'Failed' ? [finishedAt] : [],
  );
  // A run keeps only its first failures. Where that of the item is not among them, no item is sure to have ended before it.
  const t = failures.length > 0 ? Math.min(...failures) : (unit.startedAt ?? 0);
  return within(cause, { reason: 'FailFast', message: 'another item failed', t });
}

/** Why what is inside of a unit must end, if it must. */
export function causeInside({ unit, cause }: Place): Cause | undefined {
  if (unit.phase !== 'Stopping') return cause;
  return within(cause, { reason: unit.reason ?? '', message: unit.message ?? '', t: unit.since ?? 0 });
}

/** Of two causes the outer one is told, and the first order counts. */
const within = (outer: Cause | undefined, own: Cause): Cause => ({
  ...own,
  ...outer,
  t: Math.min(own.t, outer?.t ?? own.t),
});

/** When the first order to stop the attempt of a unit was given, in milliseconds since the run was accepted. */
export function orderedAt({ unit, cause }: Place): number | undefined {
  const own = unit.phase === 'Stopping' ? (unit.since ?? 0) : undefined;
  if (own === undefined || !cause) return own ?? cause?.t;
  return Math.min(own, cause.t);
}

/** The instance of a graph inside of a unit that is open. */
export function frameIn(whole: Plan, owner: Place): Frame | undefined {
  const { frame, planned, path, unit } = owner;
  const { scope } = unit;
  if (!scope) return undefined;
  const plan = scope.generated ? planGenerated(whole, frame.plan, scope.generated) : planned.body;
  return plan && { plan, tasks: scope.tasks, params: scope.params ?? frame.params, path, owner };
}

/** The place of a path that the state has a unit for; undefined for what is over, not begun, or a fan-out as a whole. */
export function placeOf(whole: Plan, state: RunState, path: string): Place | undefined {
  let frame: Frame | undefined = rootFrame(whole, state);
  let place: Place | undefined;
  for (const segment of parseSegments(path)) {
    place = segment.name === undefined ? iterationOf(place, segment.iteration) : itemOf(frame, segment);
    if (!place) return undefined;
    frame = frameIn(whole, place);
  }
  return place;
}

function iterationOf(place: Place | undefined, iteration: number): Place | undefined {
  const loop = place?.unit.loop;
  if (!place || loop?.index !== iteration) return undefined;
  return { ...place, path: `${place.path}/${iteration}`, loop, unit: loop.unit, cause: causeInside(place) };
}

function itemOf(frame: Frame | undefined, { name, index }: { name: string; index?: number }): Place | undefined {
  const task = frame?.tasks.get(name);
  const planned = frame?.plan.tasks.get(name);
  if (!frame || !task || !planned || isTerminal(task.unit)) return undefined;
  const unit = task.fan ? task.fan.live.get(index ?? -1) : task.unit;
  if (!unit) return undefined;
  return { frame, planned, path: formatPath(frame.path, name, index), index, loop: undefined, unit, cause: undefined };
}
