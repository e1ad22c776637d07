import type { Json } from '../api/index.ts';
import type { Bindings } from './expression/index.ts';
import type { Plan, PlannedTask } from './plan.ts';
import { inRanges } from './ranges.ts';
import type { RunState, TaskState } from './state.ts';

/** What identifies a run towards expressions and pods. */
export interface RunIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly workflow: string;
  readonly number?: number;
}

/** Outputs as expressions see them: an object, or for a fan-out a list with null where an item has none to give. */
function outputsOf(task: TaskState | undefined): Json {
  if (!task?.fan) return task?.outputs ?? {};
  const { fan } = task;
  return Array.from({ length: fan.count }, (_, index) => {
    return inRanges(fan.succeeded, index) ? (fan.outputs.get(index) ?? {}) : null;
  });
}

/** The values that the expressions of a task may read now. */
export function bindingsFor(identity: RunIdentity, plan: Plan, state: RunState, planned: PlannedTask): Bindings {
  const tasks: Record<string, { outputs: Json; status: string }> = {};
  for (const name of planned.reads) {
    const task = state.tasks.get(name);
    tasks[name] = { outputs: outputsOf(task), status: task?.unit.phase ?? 'Waiting' };
  }
  return { params: state.parameters, tasks, run: { ...identity }, types: plan.types };
}
