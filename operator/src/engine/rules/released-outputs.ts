import type { Pass } from '../pass.ts';
import { isRead, outputBytes } from './outcomes.ts';

/** Below this, dropping outputs is not worth an event. */
const WORTH_RELEASING_BYTES = 4 * 1024;

/** Drops outputs that no unfinished task refers to any more; the journal has them. */
export function releasedOutputs(pass: Pass): void {
  if (outputBytes(pass.state) < WORTH_RELEASING_BYTES) return;
  const free = [...pass.state.tasks]
    .filter(([name, task]) => (task.outputs || (task.fan && task.fan.outputs.size > 0)) && !isRead(pass, name))
    .map(([name]) => name);
  if (free.length > 0) pass.emit({ type: 'OutputsReleased', tasks: free });
}
