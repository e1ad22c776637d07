import { locate } from './locate.ts';
import { isLive, isTerminal, type RunState } from './state.ts';

/**
 * Whether the state needs an attempt no more: its result is recorded, or it can never matter. Only then may what ran it
 * disappear.
 */
export function isSettled(state: RunState, path: string, attempt: number): boolean {
  if (state.finished) return true;
  const found = locate(state, path);
  if (found === 'Over') return true;
  if (found === 'Unknown') return false;
  if (isTerminal(found.unit) || isTerminal(found.task.unit)) return true;
  if (found.task.fan && found.index === undefined) return false;
  if (attempt > found.unit.attempt) return false;
  return attempt < found.unit.attempt || !isLive(found.unit);
}
