import type { Plan, PlannedTask } from '../plan/plan.ts';
import { parseSegments } from './paths.ts';
import { MAX_KEPT_FAILURES, type RunState, type TaskState, type Unit } from './state.ts';
import { type Frame, frameIn, placeOf, rootFrame } from './walk.ts';

/** How many failures inside of open templates and loops keep their words beyond the first MAX_KEPT_FAILURES. */
const MAX_INNER_WORDS = 50;

/**
 * Whether a failure that comes after MAX_KEPT_FAILURES others keeps its message and exit code all the same: it may decide
 * how the run ends, and nothing beside it has words that could be told in its place. That is at most one task of each
 * graph and one item of each fan-out, so the bound of the state holds.
 */
export function keepsWords(plan: Plan, state: RunState, path: string): boolean {
  if (failuresOf(state) < MAX_KEPT_FAILURES) return false;
  const cut = path.lastIndexOf('/');
  const place = cut < 0 ? undefined : placeOf(plan, state, path.slice(0, cut));
  if (cut >= 0 && (!place || wordsIn(state.tasks, false) >= MAX_INNER_WORDS)) return false;
  const last = parseSegments(path).at(-1);
  // An iteration of a loop: it is the only one that may have failed.
  if (last?.name === undefined) return place !== undefined && decides(place.frame, place.planned);
  const { name, index } = last;
  const frame = place ? frameIn(plan, place) : rootFrame(plan, state);
  const planned = frame?.plan.tasks.get(name);
  if (!frame || !planned || !decides(frame, planned)) return false;
  return index === undefined ? !isTold(frame, planned) : !hasToldItem(frame.tasks.get(name));
}

/** How many tasks and items have failed so far. */
export const failuresOf = ({ failures }: RunState): number => [...failures.values()].reduce((sum, n) => sum + n, 0);

/** Whether a unit has failed, and its words are known. */
export const isWorded = ({ phase, message }: Unit): boolean => phase === 'Failed' && message !== undefined;

/** Whether the failure of a task is a failure of the run, through all that is around it. */
function decides({ owner }: Frame, { task, role }: PlannedTask): boolean {
  if (task.onFailure === 'Continue' || (role !== 'Main' && (role !== 'Final' || owner))) return false;
  return !owner || decides(owner.frame, owner.planned);
}

/** Whether another task of the graph has failed with words that would be told. */
function isTold(frame: Frame, { task, role }: PlannedTask): boolean {
  for (const [name, { unit }] of frame.tasks) {
    const other = frame.plan.tasks.get(name);
    if (name !== task.name && other?.role === role && isWorded(unit) && decides(frame, other)) return true;
  }
  return false;
}

const hasToldItem = (task: TaskState | undefined): boolean => [...(task?.fan?.kept.values() ?? [])].some(isWorded);

/** How many failures keep their words inside of what is open. */
function wordsIn(tasks: ReadonlyMap<string, TaskState>, isInside: boolean): number {
  let sum = 0;
  for (const { unit, fan } of tasks.values()) {
    for (const each of fan ? [...fan.live.values(), ...(isInside ? fan.kept.values() : [])] : [unit])
      sum += wordsOf(each, isInside);
  }
  return sum;
}

function wordsOf({ scope, loop, ...unit }: Unit, isInside: boolean): number {
  const own = isInside && isWorded(unit) ? 1 : 0;
  return own + (scope ? wordsIn(scope.tasks, true) : 0) + (loop ? wordsOf(loop.unit, true) : 0);
}

/** What is said of tasks of one graph, or of items of one fan-out, that failed: the first whose words are known. */
export function firstTold<K>(
  failed: readonly (readonly [K, Unit | undefined])[],
): readonly [K, Unit | undefined] | undefined {
  return failed.find(([, unit]) => unit && isWorded(unit)) ?? failed[0];
}

/** A failure in words, with what it is the failure of. */
export function failureText(what: string, unit: Unit | undefined): string {
  return `${what}: ${unit?.reason}: ${unit?.message ?? UNKEPT}`;
}

/** In place of a message that is not kept. */
export const UNKEPT = 'its message is only in the history of the run, since many failed before it';
