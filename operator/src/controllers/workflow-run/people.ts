import type { Attests, WorkflowRun, WorkflowRunStatus } from '../../api/index.ts';

/** What the status says of people: who asked for the run, who wrote its desired state, and whether that is vouched for. */
export function peopleOf(run: WorkflowRun, attests: Attests): Pick<WorkflowRunStatus, 'requester' | 'desiredStateBy'> {
  const { requester, desiredStateBy: by } = run.spec;
  const when = by?.time === undefined ? {} : { time: by.time };
  return {
    ...(requester && { requester: { username: requester.username, attested: attests.requester(run) } }),
    ...(by && { desiredStateBy: { username: by.username, attested: attests.desiredState(run), ...when } }),
  };
}
