import type { Json } from '../api/index.ts';
import { formatPath, parseSegments } from './paths.ts';
import { type Plan, type PlannedTask, planGenerated, type ScopePlan } from './plan.ts';
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
    const hurried = cause ?? causeOfItems(planned, task);
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

/** With failFast the first failure of an item is the end of all others. */
export function causeOfItems({ task }: PlannedTask, { fan }: TaskState): Cause | undefined {
  if (!task.forEach?.failFast || !fan || fan.failed.length === 0) return undefined;
  return { reason: 'FailFast', message: 'another item failed' };
}

/** Why what is inside of a unit must end, if it must. */
export function causeInside({ unit, cause }: Place): Cause | undefined {
  if (cause || unit.phase !== 'Stopping') return cause;
  return { reason: unit.reason ?? '', message: unit.message ?? '' };
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
