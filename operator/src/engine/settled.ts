import { parsePath } from './paths.ts';
import { isLive, isTerminal, type RunState } from './state.ts';

/**
 * Whether the state needs an attempt no more: its result is recorded, or it can never matter. Only then may what ran it
 * disappear.
 */
export function isSettled(state: RunState, path: string, attempt: number): boolean {
  if (state.finished) return true;
  const { task: name, index } = parsePath(path);
  const task = state.tasks.get(name);
  if (!task) return false;
  if (isTerminal(task.unit)) return true;
  if (index !== undefined && task.fan && index < task.fan.next && !task.fan.live.has(index)) return true;
  const unit = index === undefined ? task.unit : task.fan?.live.get(index);
  if (!unit || attempt > unit.attempt) return false;
  return attempt < unit.attempt || !isLive(unit);
}
