import type { Json } from '../../api/index.ts';
import type { Bindings } from '../expression/index.ts';
import type { Plan, PlannedTask } from '../plan/plan.ts';
import { formatPath } from '../state/paths.ts';
import type { RunState } from '../state/state.ts';
import type { Frame, Place } from '../state/walk.ts';
import { itemsFor } from '../values/items.ts';
import { bindingsFor, type RunIdentity } from './bindings.ts';
import type { PlacedData } from './placed-data.ts';

/** What the values of expressions come from. */
export interface Sight {
  readonly identity: RunIdentity;
  readonly plan: Plan;
  readonly state: RunState;
  /** Items of fan-outs by the path of their task, evaluated at most once. */
  readonly items: Map<string, Json[]>;
  /** Outputs that the state holds by their place. */
  readonly data: PlacedData;
}

/** The bindings of a task as a whole, before it has items or iterations. */
export function taskBindings(sight: Sight, frame: Frame, planned: PlannedTask): Bindings {
  return bindingsFor(sight.identity, frame, planned, frame.path === '' ? sight.state.result : undefined, sight.data);
}

/** The bindings of a unit: those of its task, its item, and the iteration of its loop. */
export function unitBindings(sight: Sight, { frame, planned, index, loop }: Place): Bindings {
  const bindings = taskBindings(sight, frame, planned);
  if (index === undefined && !loop) return bindings;
  return {
    ...bindings,
    ...(index === undefined ? {} : { item: itemsOf(sight, frame, planned)[index] ?? null, index }),
    ...(loop ? { state: loop.state, iteration: loop.index } : {}),
  };
}

/**
 * The items of a fan-out, in order. They are never stored: the definition and the outputs they come from are.
 * @throws ExpressionError when they cannot be evaluated
 */
export function itemsOf(sight: Sight, frame: Frame, planned: PlannedTask): Json[] {
  const path = formatPath(frame.path, planned.task.name);
  const known = sight.items.get(path);
  if (known) return known;
  const items = itemsFor(planned.task.forEach ?? {}, () => taskBindings(sight, frame, planned));
  sight.items.set(path, items);
  return items;
}
