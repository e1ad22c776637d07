/**
 * Who: the author of a Workflow whose task applies objects as a service account that may create and change signals, runs
 * and config maps of the namespace. Policies and webhook are installed.
 * What they try: to answer an approval by the task, to make a run that seems to be started by another, and to make an
 * object with the marks of the operator.
 * What must be: the task is its service account and nobody else. Its answer counts for nothing, as it is not named among
 * the approvers, and what only the operator makes is refused.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, GROUP, LABEL_RUN_UID } from '../../src/api/index.ts';
import { accountWith, actsAs } from '../support/account.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { signalWaits } from '../support/people.ts';
import { phasesOf, rowOf, type Scenario } from '../support/scenario.ts';

useOperator({ admission: true });

const verbs = ['get', 'create', 'patch'];
const RULES = [
  { apiGroups: [GROUP], resources: ['signals', 'workflowruns'], verbs },
  { apiGroups: [''], resources: ['configmaps'], verbs },
];

/** Runs a workflow with one task that applies the object as the account, and returns the row of the task. */
async function applied(scenario: Scenario, name: string, manifest: Readonly<Record<string, unknown>>) {
  const tasks = [{ name: 'apply', resource: { manifest, serviceAccountName: 'robot' } }];
  return rowOf(await scenario.ran(workflow(name, { tasks })), 'apply');
}

describe('what a task applies', () => {
  it('answers no approval', async ({ scenario }) => {
    await scenario.given(...accountWith('robot', RULES), ...actsAs('robot'));
    const approve = { name: 'approve', approval: { message: 'Ship?' } };
    await scenario.given(
      workflow('ship', { tasks: [approve, script('ship', 'true', { needs: ['approve'] })] }),
      workflowRun('ship', 'ship'),
    );
    await signalWaits(scenario, 'ship-approve');
    const metadata = { name: 'ship-approve' };
    await applied(scenario, 'cheat', {
      apiVersion: API_VERSION,
      kind: 'Signal',
      metadata,
      spec: { decision: 'Approve' },
    });
    await signalWaits(scenario, 'ship-approve');
    const run = await scenario.run('ship');
    expect(run.status?.finishedAt).toBeUndefined();
    expect(phasesOf(run)).toMatchObject({ ship: 'Pending' });
    await scenario.kubectl(['patch', 'awr', 'ship', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
    await scenario.ended('ship');
  });

  it('is no run of another origin, and has no marks of the operator', async ({ scenario }) => {
    await scenario.given(...accountWith('robot', RULES), ...actsAs('robot'));
    await scenario.given(workflow('harmless', { tasks: [script('ok', 'true')] }));
    const origin = { type: 'Workflow', run: 'x', uid: 'x', task: 'x' };
    const made = { name: 'made' };
    const run = await applied(scenario, 'origin', {
      ...{ apiVersion: API_VERSION, kind: 'WorkflowRun', metadata: made },
      spec: { workflowRef: { name: 'harmless' }, origin },
    });
    const labels = { [LABEL_RUN_UID]: 'x' };
    const map = await applied(scenario, 'marked', {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...made, labels } },
    });
    for (const row of [run, map]) expect(row).toMatchObject({ phase: 'Failed', reason: 'ResourceRejected' });
    expect(run.message).toContain('origin');
    expect(map.message).toContain('ado-marks');
  });
});
