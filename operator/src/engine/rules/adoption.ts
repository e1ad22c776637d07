import type { AttemptObservation } from '../../api/index.ts';
import { findUnit, type Pass } from '../pass.ts';
import { parseAttemptKey, parsePath } from '../paths.ts';
import { isTerminal } from '../state.ts';

/**
 * An attempt that exists and that the state does not know was created just before a crash: it is recorded as adopted,
 * then judged like any other. One that can never be the next attempt is cancelled.
 */
export function adoption(pass: Pass): void {
  for (const [key, observation] of pass.observed.attempts) {
    if (!pass.room()) return;
    if (EXISTING.has(observation.phase)) adopt(pass, key);
  }
}

const EXISTING: ReadonlySet<AttemptObservation['phase']> = new Set(['Pending', 'Running', 'Succeeded', 'Failed']);

function adopt(pass: Pass, key: string): void {
  const { path, attempt } = parseAttemptKey(key);
  const { task, index } = parsePath(path);
  const newest = findUnit(pass.state, path)?.attempt ?? -1;
  if (!pass.plan.tasks.has(task) || attempt <= newest || isOver(pass, path)) return;
  const isNext = attempt === newest + 1 && isExpanded(pass, task, index);
  if (isNext) return pass.emit({ type: 'Started', path, attempt, adopted: true });
  pass.act({ type: 'Cancel', path, task, attempt });
}

/** Whether the unit of a path has ended: then whatever exists by its name is history. */
function isOver(pass: Pass, path: string): boolean {
  const { task: name, index } = parsePath(path);
  const task = pass.state.tasks.get(name);
  if (!task) return false;
  if (isTerminal(task.unit)) return true;
  return index !== undefined && task.fan !== undefined && index < task.fan.next && !task.fan.live.has(index);
}

/** An item can be adopted only once its fan-out is expanded, and then only below its count. */
function isExpanded(pass: Pass, name: string, index: number | undefined): boolean {
  const fan = pass.state.tasks.get(name)?.fan;
  return index === undefined ? fan === undefined : fan !== undefined && index < fan.count;
}
