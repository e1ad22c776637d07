import { findUnit, type Pass } from '../pass.ts';
import { parseAttemptKey, parsePath } from '../paths.ts';
import { isTerminal } from '../state.ts';

/**
 * An attempt that exists and that the state does not know was created just before a crash: it is recorded as adopted,
 * then judged like any other. One that can never be the next attempt is cancelled.
 */
export function adoption(pass: Pass): void {
  for (const [key, observation] of pass.observed.attempts) {
    if (observation.phase === 'Refused' || observation.phase === 'Lost' || observation.phase === 'Unknown') continue;
    const { path, attempt } = parseAttemptKey(key);
    const { task, index } = parsePath(path);
    if (!pass.plan.tasks.has(task) || !pass.room()) continue;
    const unit = findUnit(pass.state, path);
    if (attempt <= (unit?.attempt ?? -1) || isOver(pass, path)) continue;
    const isNext = attempt === (unit?.attempt ?? -1) + 1 && isExpanded(pass, task, index);
    if (isNext) pass.emit({ type: 'Started', path, attempt, adopted: true });
    if (!isNext) pass.act({ type: 'Cancel', path, task, attempt });
  }
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
