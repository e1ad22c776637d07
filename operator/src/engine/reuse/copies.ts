import type { Approvals, CopiedItems, CopiedTask, HistoryEvent, Outputs } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import type { Plan } from '../plan/plan.ts';
import { formatPath } from '../state/paths.ts';
import { formatRanges } from '../state/ranges.ts';
import type { RunState, TaskState } from '../state/state.ts';
import { type Evidence, isStillRead } from './evidence.ts';
import { type Reuse, repeatedText } from './reusable.ts';

/** What a run takes over from another in one event, as JSON: it is written with the first status of the run. More follows. */
export const MAX_COPIED_BYTES = 24 * 1024;

/** Whether the outputs that are still read are not all in the origin's state, so that its history has to be asked. */
export function needsHistory(plan: Plan, origin: RunState, reuse: Reuse): boolean {
  return [...reuse.whole, ...reuse.partly].some((name) => {
    const state = origin.tasks.get(name);
    const isHeld = state?.outputs !== undefined || (state?.fan?.outputs.size ?? 0) > 0;
    return isStillRead(plan, name, reuse) && (!isHeld || state?.placed !== undefined);
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

/** Everything that the tasks of a run handed on, by path: what its state holds, and what its history says. */
export function handedOnBy({ tasks }: RunState, events: readonly HistoryEvent[]): Map<string, Outputs> {
  const found = outputsIn(events);
  for (const [name, { outputs, fan }] of tasks) {
    if (outputs) found.set(name, outputs);
    for (const [index, each] of fan?.outputs ?? []) found.set(formatPath('', name, index), each);
  }
  return found;
}

/** Everything that the units of a history handed on, by path. */
export function outputsIn(events: readonly HistoryEvent[]): Map<string, Outputs> {
  return new Map(events.flatMap(outputsOfEvent));
}

function outputsOfEvent(event: HistoryEvent): [path: string, outputs: Outputs][] {
  if (event.type === 'Succeeded') return event.outputs ? [[event.path, event.outputs]] : [];
  if (event.type === 'HandedOn') return outputsOfUnits(event.path, event.outputs);
  if (event.type !== 'Copied') return [];
  return Object.entries(event.tasks).flatMap(([name, { outputs, items }]) =>
    outputsOfUnits(name, { ...(outputs ? { '': outputs } : {}), ...items?.outputs }),
  );
}

const outputsOfUnits = (task: string, units: { [index: string]: Outputs }): [path: string, outputs: Outputs][] =>
  Object.entries(units).map(([index, each]) => [formatPath('', task, index === '' ? undefined : Number(index)), each]);

/** The event that takes tasks over from the run `from`; nothing if there are none, a problem if they are too much. */
export function copyOf(
  plan: Plan,
  origin: RunState,
  reuse: Reuse,
  from: string,
  evidence: Evidence,
): { event: Extract<HistoryEvent, { type: 'Copied' }> } | { problem: string } | undefined {
  const tasks: { [name: string]: CopiedTask } = {};
  for (const name of [...reuse.whole, ...reuse.partly]) {
    const state = origin.tasks.get(name);
    const isRead = reuse.partly.has(name) ? (plan.readers.get(name) ?? []).length > 0 : isStillRead(plan, name, reuse);
    if (!state) continue;
    const copied = copiedTask(name, state, reuse.partly.has(name), isRead, evidence.outputs);
    tasks[name] = reuse.asked.has(name) ? { ...copied, approvals: approvalsOf(name, evidence) } : copied;
  }
  if (Object.keys(tasks).length === 0) return undefined;
  const repeated = repeatedText(reuse);
  const event = { type: 'Copied' as const, t: 0, from, tasks, ...(repeated === undefined ? {} : { repeated }) };
  if (isSmall(event)) return { event };
  // The largest outputs follow in events of their own, as many of them as do not fit.
  const bySize = Object.entries(tasks).sort(([, a], [, b]) => bytesOfCopied(b) - bytesOfCopied(a));
  for (const [name, copied] of bySize) {
    tasks[name] = withoutOutputs(copied);
    if (isSmall(event)) return { event };
  }
  return {
    problem: `the state to copy from ${from} exceeds ${MAX_COPIED_BYTES} bytes without the outputs; use mode Rerun`,
  };
}

const isSmall = (event: HistoryEvent): boolean => utf8Length(JSON.stringify(event)) <= MAX_COPIED_BYTES;

const bytesOfCopied = ({ outputs, items }: CopiedTask): number =>
  utf8Length(JSON.stringify([outputs ?? null, items?.outputs ?? null]));

function withoutOutputs({ outputs, items, ...copied }: CopiedTask): CopiedTask {
  const hasOutputs = outputs !== undefined || Object.keys(items?.outputs ?? {}).length > 0;
  const { outputs: _, ...others } = items ?? {};
  return {
    ...copied,
    ...(items ? { items: others as CopiedItems } : {}),
    ...(hasOutputs ? { later: true } : {}),
  };
}

/** What allowed a task, so that a repetition of this run can judge it too. */
function approvalsOf(name: string, { answered }: Evidence): { [path: string]: Approvals } {
  const { approvals = new Map() } = answered.get(name) ?? {};
  return Object.fromEntries([...approvals].map(([path, { given }]) => [path, given]));
}

function copiedTask(
  name: string,
  { fan, outputs }: TaskState,
  isPart: boolean,
  isRead: boolean,
  history: ReadonlyMap<string, Outputs>,
): CopiedTask {
  const phase = isPart ? 'Partly' : 'Succeeded';
  if (fan) return { phase, items: copiedItems(name, fan, isRead, history) };
  const handed = isRead ? (outputs ?? history.get(name)) : undefined;
  return { phase, ...(handed ? { outputs: handed } : {}) };
}

function copiedItems(
  name: string,
  fan: NonNullable<TaskState['fan']>,
  isRead: boolean,
  history: ReadonlyMap<string, Outputs>,
): CopiedItems {
  const items = {
    ...{ count: fan.count, succeeded: formatRanges(fan.succeeded), skipped: formatRanges(fan.skipped) },
    ...keysOf(fan),
  };
  if (!isRead) return items;
  const outputs: { [index: string]: Outputs } = {};
  for (const [from, to] of fan.succeeded) {
    for (let index = from; index <= to; index++) {
      const each = fan.outputs.get(index) ?? history.get(formatPath('', name, index));
      if (each) outputs[index] = each;
    }
  }
  return { ...items, outputs };
}

/** The keys of items that are taken over, as far as the state has them: those of a small fan-out, which are shown. */
function keysOf({ kept }: NonNullable<TaskState['fan']>): Pick<CopiedItems, 'keys'> {
  const keys = [...kept].flatMap(([index, { key, phase }]) =>
    key !== undefined && (phase === 'Succeeded' || phase === 'Skipped') ? [[String(index), key] as const] : [],
  );
  return keys.length > 0 ? { keys: Object.fromEntries(keys) } : {};
}
