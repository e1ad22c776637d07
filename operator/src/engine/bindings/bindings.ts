import type { Json, Outputs } from '../../api/index.ts';
import type { Bindings } from '../expression/index.ts';
import type { PlannedTask } from '../plan/plan.ts';
import { formatPath } from '../state/paths.ts';
import type { Placed } from '../state/placed.ts';
import { inRanges } from '../state/ranges.ts';
import type { RunResult, TaskState } from '../state/state.ts';
import type { Frame } from '../state/walk.ts';
import type { PlacedData } from './placed-data.ts';

/** What identifies a run towards expressions and pods. */
export interface RunIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly workflow: string;
  readonly number?: number;
  /** The first run of its chain, if it is not the first itself. */
  readonly root?: string;
  /** Who the run itself says has asked for it; whether that is so, `requesters` say. */
  readonly requester?: string;
  /** Everybody who is known to have asked: for the run, and for all that led to it. */
  readonly requesters?: readonly string[];
  /** Who set the run going again. They do not decide either, and what is shown does not change by it. */
  readonly resumedBy?: string;
  /** Besides, somebody asked of whom nothing is known. */
  readonly isUnknown?: boolean;
}

/** What expressions see of a run. */
export function runBindings({ name, namespace, uid, workflow, number }: RunIdentity): Bindings['run'] {
  return { name, namespace, uid, workflow, ...(number === undefined ? {} : { number }) };
}

/** How many failures `run.failures` lists. */
const MAX_FAILURES_SHOWN = 50;

/**
 * Outputs as expressions see them: an object, or for a fan-out a list with null where an item has none to give. A task that
 * has nothing to give, because it was skipped, failed or has not run, gives the empty one of the two. `placed`: those that
 * the state holds by their place, by the path of each unit.
 */
function outputsOf(
  planned: PlannedTask | undefined,
  task: TaskState | undefined,
  path: string,
  placed: ReadonlyMap<string, Outputs>,
): Json {
  const { fan } = task ?? {};
  if (!fan) return task?.outputs ?? placed.get(path) ?? (planned?.task.forEach ? [] : {});
  return Array.from({ length: fan.count }, (_, index) => {
    if (!inRanges(fan.succeeded, index)) return null;
    return fan.outputs.get(index) ?? placed.get(`${path}[${index}]`) ?? {};
  });
}

const NOTHING: ReadonlyMap<string, Outputs> = new Map();

/** What these tasks handed on and the state holds by its place, by the path of each unit. */
function placedOf(frame: Frame, names: Iterable<string>, data: PlacedData): ReadonlyMap<string, Outputs> {
  const tasks: [string, Placed][] = [];
  for (const name of names) {
    const placed = frame.tasks.get(name)?.placed;
    if (placed) tasks.push([formatPath(frame.path, name), placed]);
  }
  return tasks.length === 0 ? NOTHING : data.read(tasks);
}

/**
 * What `tasks` holds for expressions that read these tasks.
 * @throws NotGivenError, UnreadableError as PlacedData.read
 */
export function tasksRead(frame: Frame, names: Iterable<string>, data: PlacedData, isOver = false): Bindings['tasks'] {
  const placed = placedOf(frame, names, data);
  const tasks: Record<string, { outputs: Json; status: string }> = {};
  for (const name of names) {
    const task = frame.tasks.get(name);
    const status = task?.unit.phase ?? 'Waiting';
    const path = placed.size === 0 ? name : formatPath(frame.path, name);
    tasks[name] = {
      outputs: outputsOf(frame.plan.tasks.get(name), task, path, placed),
      status: isOver && status === 'Waiting' ? 'Skipped' : status,
    };
  }
  return tasks;
}

/** The values that the expressions of a task may read now; `result` is that of the run, where it is fixed. */
export function bindingsFor(
  identity: RunIdentity,
  frame: Frame,
  planned: PlannedTask,
  result: RunResult | undefined,
  data: PlacedData,
): Bindings {
  const { undoes } = planned;
  const tasks = tasksRead(frame, planned.reads, data, result !== undefined);
  return {
    params: frame.params,
    tasks,
    run: { ...runBindings(identity), ...(result ? ended(frame, result) : {}) },
    types: frame.plan.types,
    ...(undoes === undefined ? {} : { outputs: tasks[undoes]?.outputs ?? {} }),
  };
}

function ended(frame: Frame, { phase, reason, message }: RunResult): Partial<Bindings['run']> {
  const failures: { task: string; reason: string; message: string }[] = [];
  for (const [task, { unit }] of frame.tasks) {
    if (unit.phase !== 'Failed' || frame.plan.tasks.get(task)?.role !== 'Main') continue;
    if (failures.length < MAX_FAILURES_SHOWN)
      failures.push({ task, reason: unit.reason ?? '', message: unit.message ?? '' });
  }
  return { result: phase, reason, message, failures };
}
