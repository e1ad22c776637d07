import type { WorkflowRun } from '../../api/index.ts';
import type { Priority } from '../../runtime/index.ts';
import { isUnbegun } from './predicates.ts';

/**
 * What is under way ends before anything begins: a run that nobody has accepted yet waits for those that were. To stop or
 * delete one that has not begun is no beginning, nor is it to continue another.
 */
export function priorityOf(run: WorkflowRun): Priority {
  const { metadata, spec } = run;
  const hasBegun = !isUnbegun(run) || spec.continues !== undefined;
  return hasBegun || metadata.deletionTimestamp || spec.desiredState !== 'Running' ? 'running' : 'new';
}

/** Of a run that a list or a watch shows for the first time: after a restart most of them are over. */
export const foundPriority = (run: WorkflowRun): Priority => (run.status?.finishedAt ? 'resync' : priorityOf(run));
