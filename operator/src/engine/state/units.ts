import type { TaskState, Unit } from './state.ts';

type Tasks = ReadonlyMap<string, TaskState>;

/** Every task, wherever it stands: those of templates and loops that are open included. */
export function* tasksIn(tasks: Tasks): Generator<TaskState> {
  for (const task of tasks.values()) {
    yield task;
    for (const unit of openUnitsOf(task)) yield* tasksInside(unit);
  }
}

/** Every unit that has not ended, wherever it stands. */
export function* openUnits(tasks: Tasks): Generator<Unit> {
  for (const task of tasks.values()) {
    for (const unit of openUnitsOf(task)) yield* withInner(unit);
  }
}

/** The units that one task holds itself: its own and those of its open items. */
function* openUnitsOf({ unit, fan }: TaskState): Generator<Unit> {
  yield unit;
  if (fan) yield* fan.live.values();
}

function* tasksInside({ scope, loop }: Unit): Generator<TaskState> {
  if (scope) yield* tasksIn(scope.tasks);
  if (loop) yield* tasksInside(loop.unit);
}

function* withInner(unit: Unit): Generator<Unit> {
  yield unit;
  if (unit.loop) yield* withInner(unit.loop.unit);
  if (unit.scope) yield* openUnits(unit.scope.tasks);
}
