import type { Failure, Hint, HistoryEvent, Outputs, Ran } from '../../api/index.ts';
import { formatPath } from '../state/paths.ts';
import { bytesOf } from '../state/placed.ts';
import { isTerminal, type RunState, type TaskState, type Unit } from '../state/state.ts';
import type { Frame, Place } from '../state/walk.ts';
import {
  MAX_EVENT_OUTPUT_BYTES,
  MAX_RUN_OUTPUT_BYTES,
  MAX_STATE_OUTPUT_BYTES,
  SHARE_BYTES,
} from '../values/outputs.ts';
import type { Pass } from './pass.ts';
import { warnOfLimits } from './warnings.ts';

/** How the state holds outputs: itself, by their place, or not at all. */
type Keeping = Pick<Extract<HistoryEvent, { type: 'Succeeded' }>, 'keep' | 'page'>;

/** What else is recorded of a success. */
interface More {
  readonly ran?: Ran;
  readonly from?: string;
  readonly hint?: Hint;
}

/** Records that a unit succeeded, with what it hands on; too much of that is a failure. */
export function succeed(pass: Pass, place: Place, outputs: Outputs, more: More = {}): void {
  const { path, frame, planned } = place;
  if (Object.keys(outputs).length === 0) return pass.emit({ type: 'Succeeded', path, ...more });
  const keeping = keepingOf(pass, place, bytesOf(outputs));
  if ('reason' in keeping) {
    const { ran } = more;
    return pass.emit({ type: 'Failed', path, failure: keeping, ...(ran ? { ran } : {}) });
  }
  pass.emit({ type: 'Succeeded', path, outputs, ...keeping, ...more });
  if (keeping.page === undefined) return;
  pass.data.add(formatPath(frame.path, planned.task.name), path, outputs);
  warnOfLimits(pass, frame, planned.task.name, bytesOf(outputs), dataIn(pass.state).placed);
}

/** How outputs of so many bytes are kept that a task hands on; with `loop` they are those of one of its iterations. */
export function keepingOf(
  pass: Pass,
  { frame, planned, loop }: Pick<Place, 'frame' | 'planned' | 'loop'>,
  bytes: number,
): Keeping | Failure {
  const { page, shareBytes = SHARE_BYTES } = pass.observed;
  if (loop === undefined && !isRead(pass, frame, planned.task.name)) return {};
  if (bytes > MAX_EVENT_OUTPUT_BYTES) return tooLarge(`the outputs have ${bytes} bytes`, MAX_EVENT_OUTPUT_BYTES);
  const { held, placed } = dataIn(pass.state);
  if (held + bytes <= shareBytes) return { keep: true };
  if (page !== undefined && loop === undefined && !isRenderedFrom(frame, planned.task.name)) {
    if (placed + bytes <= MAX_RUN_OUTPUT_BYTES) return { page };
    return tooLarge('the outputs that unfinished tasks of the run read', MAX_RUN_OUTPUT_BYTES);
  }
  if (held + bytes <= MAX_STATE_OUTPUT_BYTES) return { keep: true };
  return tooLarge('the outputs that loops, approvals, http, workflow and resource read', MAX_STATE_OUTPUT_BYTES);
}

function tooLarge(what: string, limit: number): Failure {
  const message = `${what} exceed ${limit} bytes; output less, or a reference, or read them in a compute task first`;
  return { reason: 'OutputsTooLarge', message };
}

/**
 * Whether a task reads the outputs whose texts are made again from them for as long as an attempt of it is live: without
 * waiting for pages.
 */
function isRenderedFrom({ plan }: Frame, task: string): boolean {
  return (plan.readers.get(task) ?? []).some((reader) => {
    const backend = plan.tasks.get(reader)?.backend;
    return backend !== undefined && backend !== 'Pod';
  });
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

/** Bytes of the values of a run. */
export interface Data {
  /** Those that the state holds itself: outputs, the states of loops, parameters of templates, and where placed ones lie. */
  held: number;
  /** Outputs that the state holds by their place. */
  placed: number;
}

export function dataIn(state: RunState): Data {
  const data = { held: 0, placed: 0 };
  addTasks(data, state.tasks);
  return data;
}

/** What a page takes in the encoded state, at most but for very long histories. */
const PAGE_NUMBER_BYTES = 4;

function addTasks(data: Data, tasks: ReadonlyMap<string, TaskState>): void {
  for (const { unit, outputs, fan, placed } of tasks.values()) {
    data.held += bytesOf(outputs);
    addUnit(data, unit);
    for (const item of fan?.outputs.values() ?? []) data.held += bytesOf(item);
    for (const item of fan?.live.values() ?? []) addUnit(data, item);
    if (!placed) continue;
    data.held += placed.pages.length * PAGE_NUMBER_BYTES;
    data.placed += placed.bytes;
  }
}

function addUnit(data: Data, { loop, scope }: Unit): void {
  if (loop) {
    data.held += bytesOf(loop.state) + bytesOf(loop.outputs);
    addUnit(data, loop.unit);
  }
  if (scope) {
    data.held += bytesOf(scope.params) + bytesOf(scope.generated);
    addTasks(data, scope.tasks);
  }
}
