import { locate } from './locate.ts';
import type { RunState } from './state.ts';

/** Whether the state knows that an attempt was started, or one after it. */
export function isStarted(state: RunState, path: string, attempt: number): boolean {
  const found = locate(state, path);
  return found === 'Over' || (found !== 'Unknown' && found.unit.attempt >= attempt);
}
