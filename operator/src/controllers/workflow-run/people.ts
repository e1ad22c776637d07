import type { Attests, WorkflowRun, WorkflowRunStatus } from '../../api/index.ts';

/** What the status says of people: who asked for the run, who wrote its desired state, and whether that is vouched for. */
export function peopleOf(run: WorkflowRun, attests: Attests): Pick<WorkflowRunStatus, 'requester' | 'desiredStateBy'> {
  const { requester, desiredStateBy: by } = run.spec;
  const when = by?.time === undefined ? {} : { time: by.time };
  const isVouchedFor = attests.desiredState(run);
  // What was vouched for, and does not fit any more, is about a state before: the operator has written another since.
  const isCurrent = isVouchedFor || by?.attestation === undefined;
  return {
    ...(requester && { requester: { username: requester.username, attested: attests.requester(run) } }),
    ...(by && isCurrent && { desiredStateBy: { username: by.username, attested: isVouchedFor, ...when } }),
  };
}
