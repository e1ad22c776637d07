import type { Json } from '../api/index.ts';
import type { Bindings } from './expression/index.ts';
import type { PlannedTask } from './plan.ts';
import { inRanges } from './ranges.ts';
import type { RunResult, TaskState } from './state.ts';
import type { Frame } from './walk.ts';

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
 * has nothing to give, because it was skipped, failed or has not run, gives the empty one of the two.
 */
export function outputsOf(planned: PlannedTask | undefined, task: TaskState | undefined): Json {
  const { fan } = task ?? {};
  if (!fan) return task?.outputs ?? (planned?.task.forEach ? [] : {});
  return Array.from({ length: fan.count }, (_, index) => {
    return inRanges(fan.succeeded, index) ? (fan.outputs.get(index) ?? {}) : null;
  });
}

/** What `tasks` holds for expressions that read these tasks. */
export function tasksRead(frame: Frame, names: Iterable<string>, isOver = false): Bindings['tasks'] {
  const tasks: Record<string, { outputs: Json; status: string }> = {};
  for (const name of names) {
    const task = frame.tasks.get(name);
    const status = task?.unit.phase ?? 'Waiting';
    tasks[name] = {
      outputs: outputsOf(frame.plan.tasks.get(name), task),
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
): Bindings {
  const { undoes } = planned;
  return {
    params: frame.params,
    tasks: tasksRead(frame, planned.reads, result !== undefined),
    run: { ...runBindings(identity), ...(result ? ended(frame, result) : {}) },
    types: frame.plan.types,
    ...(undoes === undefined ? {} : { outputs: outputsOf(frame.plan.tasks.get(undoes), frame.tasks.get(undoes)) }),
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
