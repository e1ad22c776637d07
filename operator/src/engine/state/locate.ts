import { parseSegments, type Segment } from './paths.ts';
import { isTerminal, type LoopState, newUnit, type RunState, type TaskState, type Unit } from './state.ts';

/** A unit and what it is part of: its task, its item of a fan-out, or its iteration of a loop. */
export interface Located {
  readonly unit: Unit;
  readonly task: TaskState;
  readonly index?: number;
  /** The loop whose current iteration it is. */
  readonly loop?: LoopState;
}

/** What a path leads to: a unit, something that is over, or something that has not come yet. */
export type Found = Located | 'Over' | 'Unknown';

/** Finds the unit of a path in a state; makes nothing. A fan-out as a whole is its task, which has no attempts. */
export function locate(state: RunState, path: string): Found {
  let tasks: Map<string, TaskState> | undefined = state.tasks;
  let found: Located | undefined;
  for (const segment of parseSegments(path)) {
    const next: Found = segment.name === undefined ? inLoop(found, segment) : inTasks(tasks, segment);
    if (typeof next === 'string') return found && isTerminal(found.unit) ? 'Over' : next;
    found = next;
    tasks = found.unit.scope?.tasks;
  }
  return found ?? 'Unknown';
}

function inTasks(tasks: Map<string, TaskState> | undefined, { name = '', index }: Segment & { index?: number }): Found {
  const task = tasks?.get(name);
  if (!task) return 'Unknown';
  if (index === undefined) return { unit: task.unit, task };
  if (!task.fan) return isTerminal(task.unit) ? 'Over' : 'Unknown';
  const unit = task.fan.live.get(index);
  if (unit) return { unit, task, index };
  return isTerminal(task.unit) || index < task.fan.next ? 'Over' : 'Unknown';
}

function inLoop(of: Located | undefined, { iteration = 0 }: { iteration?: number }): Found {
  const loop = of?.unit.loop;
  if (!of || !loop || iteration > loop.index) return 'Unknown';
  return iteration < loop.index ? 'Over' : { ...of, unit: loop.unit, loop };
}

/** The unit of a path, made where nothing has happened to it yet: for `evolve` alone. */
export function unitAt(state: RunState, path: string): Located {
  let tasks: Map<string, TaskState> | undefined = state.tasks;
  let found: Located | undefined;
  for (const segment of parseSegments(path)) {
    if (segment.name === undefined) {
      const loop: LoopState | undefined = found?.unit.loop;
      if (!found || !loop) throw new RangeError(`${path} is no iteration: nothing loops there`);
      found = { ...found, unit: loop.unit, loop };
    } else {
      if (!tasks) throw new RangeError(`${path} is in no scope: nothing is open there`);
      found = itemAt(taskAt(tasks, segment.name), segment.index);
    }
    tasks = found.unit.scope?.tasks;
  }
  if (!found) throw new RangeError('a path has at least one segment');
  return found;
}

function taskAt(tasks: Map<string, TaskState>, name: string): TaskState {
  let task = tasks.get(name);
  if (!task) {
    task = { unit: newUnit() };
    tasks.set(name, task);
  }
  return task;
}

function itemAt(task: TaskState, index: number | undefined): Located {
  if (index === undefined || !task.fan) return { unit: task.unit, task };
  let unit = task.fan.live.get(index);
  if (!unit) {
    unit = newUnit();
    task.fan.live.set(index, unit);
  }
  task.fan.next = Math.max(task.fan.next, index + 1);
  return { unit, task, index };
}
