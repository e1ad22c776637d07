import type { WorkflowRun, WorkflowRunStatus } from '../../api/index.ts';
import { begunLineageOf, type LineageDeps, shownLineage } from './lineage.ts';

/** What the status says of people: who asked for the run, who wrote its desired state, and whether that is vouched for. */
export function peopleOf(
  run: WorkflowRun,
  deps: LineageDeps,
): Pick<WorkflowRunStatus, 'requester' | 'requesters' | 'desiredStateBy'> {
  const { attests } = deps;
  const { requester, desiredStateBy: by } = run.spec;
  const when = by?.time === undefined ? {} : { time: by.time };
  const isVouchedFor = attests.desiredState(run);
  // What was vouched for, and does not fit any more, is about a state before: the operator has written another since.
  const isCurrent = isVouchedFor || by?.attestation === undefined;
  return {
    ...(requester && { requester: { username: requester.username, attested: attests.requester(run) } }),
    requesters: shownLineage(begunLineageOf(run, deps)),
    ...(by && isCurrent && { desiredStateBy: { username: by.username, attested: isVouchedFor, ...when } }),
  };
}
