import type { WorkflowRun } from '../../api/index.ts';
import { decodeState, type RunState, UnknownStateVersionError } from '../../engine/index.ts';

/** States by the run that they were decoded from: a run that many others look at is decoded once. */
const decoded = new WeakMap<WorkflowRun, RunState | 'Unreadable'>();

/** What is stored of a run's state; Unreadable: a newer operator wrote it. For reading only: it is shared. */
export function storedState(run: WorkflowRun): RunState | 'Unreadable' | undefined {
  if (run.status?.state === undefined) return undefined;
  const known = decoded.get(run);
  if (known) return known;
  const state = read(run.status.state);
  decoded.set(run, state);
  return state;
}

function read(text: string): RunState | 'Unreadable' {
  try {
    return decodeState(text);
  } catch (error) {
    if (error instanceof UnknownStateVersionError) return 'Unreadable';
    throw error;
  }
}
