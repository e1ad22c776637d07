import { advanceScope } from '../advance/advance.ts';
import type { Pass } from '../advance/pass.ts';

/** Starts, skips, expands and ends what has its turn, from the tasks of the run down to those of open templates. */
export function readyTasks(pass: Pass): void {
  if (!pass.state.stop) advanceScope(pass, pass.root);
}
