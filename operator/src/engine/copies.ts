import type { CopiedItems, CopiedTask, HistoryEvent, Outputs } from '../api/index.ts';
import { utf8Length } from './outputs.ts';
import type { Plan } from './plan.ts';
import { formatRanges } from './ranges.ts';
import type { RunState, TaskState } from './state.ts';

/** What a run may take over from another, as JSON: it is written with the first status of the run. */
export const MAX_COPIED_BYTES = 24 * 1024;

/** Which tasks of an earlier run are taken over, wholly or, of a fan-out, in part. */
export interface Reuse {
  readonly whole: ReadonlySet<string>;
  readonly partly: ReadonlySet<string>;
}

/**
 * What a retry (without `task`) or a fork from a task does not repeat: tasks that ended well, and that come after no task
 * that is done again. A fan-out that did not end well keeps its good items, if all that its items are made from is kept.
 * Artifacts are those of a run: a task whose artifacts are needed again is done again.
 */
export function reusable(plan: Plan, origin: RunState, task?: string): Reuse {
  const again = new Set(task === undefined ? [] : [task]);
  for (;;) {
    const whole = wholeTasks(plan, origin, again);
    const missing = [...whole].filter((name) => isFetched(plan, name, whole));
    if (missing.length === 0) return { whole, partly: task === undefined ? partsOf(plan, origin, whole) : new Set() };
    for (const name of missing) again.add(name);
  }
}

function wholeTasks(plan: Plan, origin: RunState, again: ReadonlySet<string>): Set<string> {
  const whole = new Set<string>();
  for (const name of plan.order) {
    const planned = plan.tasks.get(name);
    const state = origin.tasks.get(name);
    if (planned?.role !== 'Main' || again.has(name) || !state) continue;
    const isAfterKept = (planned.task.needs ?? []).every((need) => whole.has(need));
    if (isAfterKept && hasEndedWell(state)) whole.add(name);
  }
  return whole;
}

/** Whether a task that is done again fetches an artifact of this one. */
function isFetched(plan: Plan, name: string, whole: ReadonlySet<string>): boolean {
  return plan.order.some((reader) => {
    const inputs = plan.tasks.get(reader)?.task.artifacts?.inputs ?? [];
    return !whole.has(reader) && inputs.some(({ from }) => from.startsWith(`${name}.`));
  });
}

function partsOf(plan: Plan, origin: RunState, whole: ReadonlySet<string>): Set<string> {
  const parts = plan.order.filter((name) => {
    const planned = plan.tasks.get(name);
    const state = origin.tasks.get(name);
    if (planned?.role !== 'Main' || !state?.fan || whole.has(name) || planned.task.artifacts) return false;
    if (![...(planned.task.needs ?? []), ...planned.reads].every((need) => whole.has(need))) return false;
    return !isGood(state);
  });
  return new Set(parts);
}

const isGood = ({ unit }: TaskState): boolean => unit.phase === 'Succeeded' || unit.phase === 'Skipped';

const hasEndedWell = (state: TaskState): boolean => isGood(state) && state.unit.reason !== 'NeedFailed';

/** Whether the outputs that are still read are not all in the origin's state, so that its history has to be asked. */
export function needsHistory(plan: Plan, origin: RunState, reuse: Reuse): boolean {
  return [...reuse.whole, ...reuse.partly].some((name) => {
    const state = origin.tasks.get(name);
    return isStillRead(plan, name, reuse) && !state?.outputs && (state?.fan?.outputs.size ?? 0) === 0;
  });
}

/**
 * A task that is taken over and whose outputs are read again, while they were handed on in an earlier run of the chain:
 * neither the state nor the history of this one has them.
 */
export function carriedAway(plan: Plan, origin: RunState, reuse: Reuse): string | undefined {
  if (origin.link === undefined) return undefined;
  return [...reuse.whole, ...reuse.partly].find((name) => {
    const { unit, outputs, fan } = origin.tasks.get(name) ?? {};
    const isEarlier = unit?.finishedAt !== undefined && unit.finishedAt < 0;
    return isEarlier && isStillRead(plan, name, reuse) && !outputs && (fan?.outputs.size ?? 0) === 0;
  });
}

function isStillRead(plan: Plan, name: string, { whole }: Reuse): boolean {
  return (plan.readers.get(name) ?? []).some((reader) => !whole.has(reader));
}

/** Everything that the units of a history handed on, by path. */
export function outputsIn(events: readonly HistoryEvent[]): Map<string, Outputs> {
  const found = new Map<string, Outputs>();
  for (const event of events) {
    if (event.type === 'Succeeded' && event.outputs) found.set(event.path, event.outputs);
    if (event.type !== 'Copied') continue;
    for (const [name, { outputs, items }] of Object.entries(event.tasks)) {
      if (outputs) found.set(name, outputs);
      for (const [index, each] of Object.entries(items?.outputs ?? {})) found.set(`${name}[${index}]`, each);
    }
  }
  return found;
}

/** The event that takes tasks over from the run `from`; nothing if there are none, a problem if they are too much. */
export function copyOf(
  plan: Plan,
  origin: RunState,
  reuse: Reuse,
  from: string,
  history: ReadonlyMap<string, Outputs>,
): { event: Extract<HistoryEvent, { type: 'Copied' }> } | { problem: string } | undefined {
  const tasks: { [name: string]: CopiedTask } = {};
  for (const name of [...reuse.whole, ...reuse.partly]) {
    const state = origin.tasks.get(name);
    const isRead = reuse.partly.has(name) ? (plan.readers.get(name) ?? []).length > 0 : isStillRead(plan, name, reuse);
    if (state) tasks[name] = copiedTask(name, state, reuse.partly.has(name), isRead, history);
  }
  if (Object.keys(tasks).length === 0) return undefined;
  const event = { type: 'Copied' as const, t: 0, from, tasks };
  if (utf8Length(JSON.stringify(event)) <= MAX_COPIED_BYTES) return { event };
  return {
    problem: `what the run would take over from ${from} exceeds ${MAX_COPIED_BYTES} bytes; use mode Rerun, or hand references on instead of values`,
  };
}

function copiedTask(
  name: string,
  { unit, fan, outputs }: TaskState,
  isPart: boolean,
  isRead: boolean,
  history: ReadonlyMap<string, Outputs>,
): CopiedTask {
  const phase = isPart ? 'Partly' : unit.phase === 'Skipped' ? 'Skipped' : 'Succeeded';
  const reason = phase === 'Skipped' && unit.reason !== undefined ? { reason: unit.reason } : {};
  if (fan) return { phase, ...reason, items: copiedItems(name, fan, isRead, history) };
  const handed = isRead ? (outputs ?? history.get(name)) : undefined;
  return { phase, ...reason, ...(handed ? { outputs: handed } : {}) };
}

function copiedItems(
  name: string,
  fan: NonNullable<TaskState['fan']>,
  isRead: boolean,
  history: ReadonlyMap<string, Outputs>,
): CopiedItems {
  const items = { count: fan.count, succeeded: formatRanges(fan.succeeded), skipped: formatRanges(fan.skipped) };
  if (!isRead) return items;
  const outputs: { [index: string]: Outputs } = {};
  for (const [from, to] of fan.succeeded) {
    for (let index = from; index <= to; index++) {
      const each = fan.outputs.get(index) ?? history.get(`${name}[${index}]`);
      if (each) outputs[index] = each;
    }
  }
  return { ...items, outputs };
}
