/**
 * Who: a user who may label their namespace, and a service account of it that they act for: the label
 * `flow.ado.dev/operator` makes that account an operator there, to the policies, and the webhook is not asked any more.
 * What they try: to keep the name of an administrator on a run of their own, by making a run again under its name with the
 * requester, code and all, that the webhook wrote into the first one.
 * What must be: while the namespace has the label, nothing counts there that the webhook has vouched for: the requester is
 * not attested. Without the label what is genuine counts again.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, GROUP, type Stamp, type WorkflowRun } from '../../src/api/index.ts';
import { it, stage, useOperator } from '../support/e2e.ts';
import { type Manifest, script, workflow } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';

useOperator({ admission: true });

const runOf = (name: string, requester?: Stamp): Manifest => ({
  ...{ apiVersion: API_VERSION, kind: 'WorkflowRun', metadata: { name } },
  spec: { workflowRef: { name: 'ship' }, ...(requester && { requester }) },
});

async function givenRights(scenario: Scenario, account: string): Promise<void> {
  const api = 'rbac.authorization.k8s.io';
  const metadata = { name: 'runs' };
  const subjects = ['ada', account].map((name) => ({ apiGroup: api, kind: 'User', name }));
  const rules = [{ apiGroups: [GROUP], resources: ['workflowruns'], verbs: ['get', 'create', 'delete'] }];
  await scenario.given(
    { apiVersion: `${api}/v1`, kind: 'Role', metadata, rules },
    {
      ...{ apiVersion: `${api}/v1`, kind: 'RoleBinding', metadata },
      ...{ roleRef: { apiGroup: api, kind: 'Role', name: 'runs' }, subjects },
    },
  );
}

const isAttested = ({ status }: WorkflowRun) => status?.requester?.attested;

describe('a namespace that was labelled for an operator of its own', () => {
  it('believes nothing that the webhook has vouched for there before', async ({ scenario }) => {
    const { kubectl } = stage();
    const account = `system:serviceaccount:${scenario.namespace}:mine`;
    await givenRights(scenario, account);
    await scenario.given(workflow('ship', { tasks: [script('ship', 'true')] }));
    await scenario.workflowIs('ship', 'True');
    await scenario.kubectl(['--as', 'ada', 'create', '-f', '-'], runOf('first'));
    const first = await scenario.ended('first');
    expect(isAttested(first)).toBe(true);
    await scenario.kubectl(['--as', 'ada', 'delete', 'awr', 'first']);
    await kubectl.run(['label', 'namespace', scenario.namespace, `${GROUP}/operator=${scenario.namespace}.mine`]);
    await scenario.until('the policies take the account for an operator', async () => {
      const asking = ['--as', account, 'create', '--dry-run=server', '-f', '-'];
      return scenario.kubectl(asking, runOf('first', first.spec.requester)).then(
        () => true,
        () => false,
      );
    });
    await scenario.kubectl(['--as', account, 'create', '-f', '-'], runOf('first', first.spec.requester));
    const again = await scenario.ended('first');
    expect(again.spec.requester).toEqual(first.spec.requester);
    expect(isAttested(again)).not.toBe(true);
    await kubectl.run(['label', 'namespace', scenario.namespace, `${GROUP}/operator-`]);
  });
});
