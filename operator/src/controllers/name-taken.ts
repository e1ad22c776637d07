import type { Workflow } from '../api/index.ts';
import type { Recorder } from '../runtime/index.ts';

const MAX_NAMED = 4;

/** What people are told of runs that others made under the name of one that is to be made; that has another name. */
export function nameTaken(strangers: readonly string[], run: string | undefined): string {
  const named = strangers.slice(0, MAX_NAMED).join(', ');
  const has =
    strangers.length === 1 ? `the WorkflowRun ${named} has the name` : `the WorkflowRuns ${named} have the names`;
  const instead = run === undefined ? 'no name is left and no run was started' : `the run is ${run}`;
  return `${has} of a run that Ado creates, but was not created by Ado: ${instead}; find out who created it and delete it`;
}

/** Tells of them by an Event of the Workflow, if there are any. */
export function tellOfTakenNames(
  recorder: Recorder,
  workflow: Workflow,
  strangers: readonly string[],
  run: string | undefined,
): void {
  if (strangers.length === 0) return;
  recorder.event(workflow, 'Warning', 'NameTaken', 'Trigger', nameTaken(strangers, run));
}
