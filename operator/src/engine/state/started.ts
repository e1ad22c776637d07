import { locate } from './locate.ts';
import type { RunState } from './state.ts';

/** The object that is recorded for an attempt, if that is the newest of its unit. */
export function objectOf(state: RunState, path: string, attempt: number): string | undefined {
  const found = locate(state, path);
  return typeof found === 'string' || found.unit.attempt !== attempt ? undefined : found.unit.object;
}

/** Whether the state knows that an attempt was started, or one after it. */
export function isStarted(state: RunState, path: string, attempt: number): boolean {
  const found = locate(state, path);
  return found === 'Over' || (found !== 'Unknown' && found.unit.attempt >= attempt);
}
