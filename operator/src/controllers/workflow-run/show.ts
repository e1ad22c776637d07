import type { Reason, WorkflowRun, WorkflowRunStatus } from '../../api/index.ts';
import type { RunContext } from '../../executors/index.ts';
import type { RunDeps } from './deps.ts';
import { signalOf } from './observe.ts';
import { reportStatus } from './report/report.ts';

/** Writes a status without new history, unless it says what is already there. Returns whether it was news. */
export async function show(
  deps: RunDeps,
  run: WorkflowRun,
  status: WorkflowRunStatus,
  context: RunContext,
): Promise<boolean> {
  if (JSON.stringify(status) === JSON.stringify(run.status)) return false;
  await reportStatus(deps, run, status, signalOf(context));
  return true;
}

/** An attempt to make a run execute something else is told once more than other reasons to stop. */
export function warnIfForged(
  { recorder }: Pick<RunDeps, 'recorder'>,
  run: WorkflowRun,
  reason: Reason,
  message: string,
): void {
  if (reason === 'RevisionForged') recorder.event(run, 'Warning', reason, 'Reconcile', message);
}
