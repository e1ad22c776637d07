/** A run that asks, and the people who answer it. */
import type { Approval, Signal, WorkflowSpec } from '../../src/api/index.ts';
import { script, workflow, workflowRun } from './manifests.ts';
import { givenStaff, Person, signalIs, signalWaits } from './people.ts';
import type { Scenario } from './scenario.ts';

export const RELEASE = { groups: ['release'] };
export const APPROVE = { decision: 'Approve' };
export const REJECT = { decision: 'Reject' };

/** A run that asks by `ship-approve`, requested by whom it is given; and the people who may be asked. */
export async function givenApproval(
  scenario: Scenario,
  approval: Partial<Approval>,
  requester?: Person,
): Promise<void> {
  await givenStaff(scenario);
  const tasks: WorkflowSpec['tasks'] = [
    { name: 'approve', approval: { message: 'Ship ${{ params.version }}?', ...approval } },
    script('go', 'true', { needs: ['approve'] }),
  ];
  const parameters = [{ name: 'version', default: '1.0' }];
  await scenario.given(workflow('ship', { parameters, tasks }));
  const run = workflowRun('ship', 'ship');
  if (requester) await requester.kubectl(['create', '-f', '-'], run);
  else await scenario.given(run);
  await signalWaits(scenario, 'ship-approve');
}

export const inRelease = (scenario: Scenario, ...names: string[]): Person[] =>
  names.map((name) => new Person(scenario, name, ['release']));

export const votes = (scenario: Scenario, shown: string): Promise<Signal> =>
  signalIs(scenario, 'ship-approve', `has votes ${shown}`, ({ status }) => status?.votes === shown);
