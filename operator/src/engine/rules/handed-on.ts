import type { Outputs } from '../../api/index.ts';
import type { Pass } from '../advance/pass.ts';
import { keepingOf } from '../advance/success.ts';
import { formatPath } from '../state/paths.ts';
import { bytesOf } from '../state/placed.ts';
import { inRanges } from '../state/ranges.ts';
import { MAX_MESSAGE_LENGTH, type RunState, type TaskState } from '../state/state.ts';

/** Outputs in one event, unless a single unit hands on more. */
const CHUNK_BYTES = 8 * 1024;

/** A unit of a task that was taken over: the index of its item, or nothing. */
type Unit = readonly [index: number | undefined, outputs: Outputs];

/**
 * Takes over what an earlier run handed on and what did not fit into the event that says which tasks are taken over: some
 * of it in each pass. Nothing starts before all of it is there.
 */
export function handedOn(pass: Pass): void {
  const { state } = pass;
  if (!isAwaiting(state) || state.stop || state.result) return;
  const { earlier } = pass.observed;
  pass.awaits = true;
  pass.wantsEarlier = earlier === undefined;
  if (earlier === undefined) return;
  if ('damage' in earlier) return stop(pass, 'InvalidOrigin', earlier.damage);
  for (const [name, task] of state.tasks) {
    if (task.awaits !== undefined) takeAll(pass, name, task, unitsOf(name, task, earlier.outputs));
  }
  pass.awaits = isAwaiting(state);
}

function isAwaiting({ tasks }: RunState): boolean {
  for (const { awaits } of tasks.values()) if (awaits !== undefined) return true;
  return false;
}

/** What a task handed on, in the order of its items. */
function unitsOf(name: string, { fan }: TaskState, outputs: ReadonlyMap<string, Outputs>): Unit[] {
  if (!fan) return outputs.has(name) ? [[undefined, outputs.get(name) ?? {}]] : [];
  const units: Unit[] = [];
  for (let index = 0; index < fan.count; index++) {
    const each = inRanges(fan.succeeded, index) ? outputs.get(formatPath('', name, index)) : undefined;
    if (each) units.push([index, each]);
  }
  return units;
}

function takeAll(pass: Pass, name: string, task: TaskState, units: readonly Unit[]): void {
  const planned = pass.plan.tasks.get(name);
  let at = units.findIndex(([index = 0]) => index >= (task.awaits ?? 0));
  if (at < 0) return stop(pass, 'InvalidOrigin', `the earlier run has no outputs of ${name} on record; use mode Rerun`);
  while (planned && task.awaits !== undefined && !pass.state.stop && pass.room()) {
    const chunk = chunkFrom(units, at);
    const bytes = chunk.reduce((sum, [, outputs]) => sum + bytesOf(outputs), 0);
    const keeping = keepingOf(pass, { frame: pass.root, planned, loop: undefined }, bytes);
    if ('reason' in keeping) return stop(pass, keeping.reason, `task ${name}: ${keeping.message}`);
    at += chunk.length;
    const rest = units[at]?.[0];
    const outputs = Object.fromEntries(chunk.map(([index, each]) => [index === undefined ? '' : String(index), each]));
    const { page } = keeping;
    const where = page === undefined ? {} : { page };
    pass.emit({ type: 'HandedOn', path: name, outputs, ...(rest === undefined ? {} : { rest }), ...where });
    if (page !== undefined) for (const [index, each] of chunk) pass.data.add(name, formatPath('', name, index), each);
  }
}

function chunkFrom(units: readonly Unit[], from: number): readonly Unit[] {
  let bytes = 0;
  let to = from;
  while (to < units.length) {
    bytes += bytesOf(units[to]?.[1] ?? {});
    if (to > from && bytes > CHUNK_BYTES) break;
    to++;
  }
  return units.slice(from, to);
}

function stop(pass: Pass, reason: string, message: string): void {
  pass.emit({ type: 'RunStopping', reason, message: message.slice(0, MAX_MESSAGE_LENGTH) });
}
