import type { WorkflowRun, WorkflowRunStatus } from '../../../api/index.ts';
import { begunLineageOf, type LineageDeps, shownLineage } from '../../lineage.ts';

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
    ...(requester && { requester: { username: requester.username, attested: isAttested(run, attests) } }),
    requesters: shownLineage(begunLineageOf(run, deps)),
    ...(by && isCurrent && { desiredStateBy: { username: by.username, attested: isVouchedFor, ...when } }),
  };
}

/** Fixed when the run begins, as all that is known of those who asked for it. */
function isAttested(run: WorkflowRun, attests: LineageDeps['attests']): boolean {
  const { state, requester } = run.status ?? {};
  return state !== undefined && requester ? requester.attested : attests.requester(run);
}
