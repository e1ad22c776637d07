import type { Hint, Outputs, Ran } from '../api/index.ts';
import { MAX_STATE_OUTPUT_BYTES, utf8Length } from './outputs.ts';
import type { Pass } from './pass.ts';
import { isTerminal, type RunState, type TaskState, type Unit } from './state.ts';
import type { Frame, Place } from './walk.ts';

/** What else is recorded of a success. */
interface More {
  readonly ran?: Ran;
  readonly from?: string;
  readonly hint?: Hint;
}

/** Records that a unit succeeded, with what it hands on; too much of that is a failure. */
export function succeed(pass: Pass, place: Place, outputs: Outputs, more: More = {}): void {
  const { path } = place;
  if (Object.keys(outputs).length === 0) return pass.emit({ type: 'Succeeded', path, ...more });
  const keep = place.loop !== undefined || isRead(pass, place.frame, place.planned.task.name);
  if (keep && outputBytes(pass.state) + utf8Length(JSON.stringify(outputs)) > MAX_STATE_OUTPUT_BYTES) {
    const message = `the outputs that unfinished tasks refer to exceed ${MAX_STATE_OUTPUT_BYTES} bytes; hand over a reference`;
    const { ran } = more;
    const failure = { reason: 'OutputsTooLarge', message };
    return pass.emit({ type: 'Failed', path, failure, ...(ran ? { ran } : {}) });
  }
  pass.emit({ type: 'Succeeded', path, outputs, ...(keep ? { keep } : {}), ...more });
}

/** Whether anything that is not over refers to the outputs of a task. */
export function isRead(pass: Pass, frame: Frame, task: string): boolean {
  const { plan, owner } = frame;
  if (plan.exported.has(task)) return true;
  const byTask = (plan.readers.get(task) ?? []).some((reader) => {
    const state = frame.tasks.get(reader);
    return !state || !isTerminal(state.unit);
  });
  // What generated tasks hand on is the output of the task that made them.
  return byTask || (owner?.planned.action === 'generate' && isRead(pass, owner.frame, owner.planned.task.name));
}

/** Bytes of all values that the state holds for expressions: outputs, the states of loops, parameters of templates. */
export function outputBytes(state: RunState): number {
  return bytesOfTasks(state.tasks);
}

const bytesOf = (value: unknown): number => (value === undefined ? 0 : utf8Length(JSON.stringify(value)));

function bytesOfTasks(tasks: ReadonlyMap<string, TaskState>): number {
  let bytes = 0;
  for (const { unit, outputs, fan } of tasks.values()) {
    bytes += bytesOf(outputs) + bytesOfUnit(unit);
    for (const item of fan?.outputs.values() ?? []) bytes += bytesOf(item);
    for (const item of fan?.live.values() ?? []) bytes += bytesOfUnit(item);
  }
  return bytes;
}

function bytesOfUnit({ loop, scope }: Unit): number {
  if (!loop && !scope) return 0;
  const inLoop = loop ? bytesOf(loop.state) + bytesOf(loop.outputs) + bytesOfUnit(loop.unit) : 0;
  const inScope = scope ? bytesOf(scope.params) + bytesOf(scope.generated) + bytesOfTasks(scope.tasks) : 0;
  return inLoop + inScope;
}
