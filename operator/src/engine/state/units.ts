import type { TaskState, Unit } from './state.ts';

/** Every task, wherever it stands: the tasks of open templates and loops included. */
export function* tasksIn(tasks: ReadonlyMap<string, TaskState>): Generator<TaskState> {
  for (const task of tasks.values()) {
    yield task;
    for (const { scope } of openUnitsOf(task)) if (scope) yield* tasksIn(scope.tasks);
  }
}

/** The units that one task holds itself: its own, those of its open items, and the iterations of each. */
export function* openUnitsOf({ unit, fan }: TaskState): Generator<Unit> {
  yield* withIterations(unit);
  if (fan) for (const item of fan.live.values()) yield* withIterations(item);
}

function* withIterations(unit: Unit): Generator<Unit> {
  for (let each: Unit | undefined = unit; each; each = each.loop?.unit) yield each;
}
