import { continuedAs, type WorkflowRun } from '../../api/index.ts';
import type { KubeClient } from '../../runtime/index.ts';
import { readRun } from './read-run.ts';

/**
 * A run as the cache keeps it. A finished run loses its state, the tail of its journal and its rows: they are most of its
 * size, and only a retry, a fork or the last signals of the run read them. A run that was continued keeps them: the next
 * run of its chain begins with them at once, and a chain keeps few runs.
 */
export function keptRun(run: WorkflowRun): WorkflowRun {
  const { status } = run;
  if (status?.finishedAt === undefined || status.seq === undefined || continuedAs(run) !== undefined) return run;
  const { state: _state, tasks: _tasks, journal, ...kept } = status;
  // No valid text of events: a reader that forgets to ask for the whole run fails, and takes nothing for everything.
  return { ...run, status: { ...kept, ...(journal ? { journal: { ...journal, tail: '' } } : {}) } };
}

/** Whether the cache dropped the state of a run. A run that never began has none to drop, and no sequence number. */
const isShortened = ({ status }: WorkflowRun): boolean => status?.seq !== undefined && status.state === undefined;

/**
 * The run with its state and journal: the cached object, or the live one where the cache keeps less.
 * @returns undefined when the run was deleted
 */
export async function wholeRun(
  client: Pick<KubeClient, 'get'>,
  run: WorkflowRun,
  signal: AbortSignal,
): Promise<WorkflowRun | undefined> {
  return isShortened(run) ? readRun({ client }, run, signal) : run;
}
