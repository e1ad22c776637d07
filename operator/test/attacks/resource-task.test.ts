/**
 * Who: a user who may create Workflows and runs in a namespace, and nothing else.
 * What they try: to act, by a task that applies an object, as a service account of the namespace that nobody meant for
 * that; as one of kube-system or of the operator itself; to reach another object or a subresource by a name that is a path.
 * What must be: only accounts that the namespace lets the operator act as are acted for, and none where Kubernetes or the
 * operator runs, whatever RBAC says; the refusal has the command by which the owner of the namespace allows it.
 */
import { describe, expect } from 'vitest';
import { GROUP, type WorkflowSpec } from '../../src/api/index.ts';
import { CONFIG_MAPS } from '../../src/runtime/index.ts';
import { accountWith, actsAs } from '../support/account.ts';
import { Attacker } from '../support/attacker.ts';
import { auditLog, it, stage, useOperator } from '../support/e2e.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../support/installation.ts';
import { workflow, workflowRun } from '../support/manifests.ts';
import { rowOf, Scenario } from '../support/scenario.ts';

useOperator();

const RUNS = { group: GROUP, resources: ['workflows', 'workflowruns'], verbs: ['create'] };
const RULES = [{ apiGroups: [''], resources: ['configmaps', 'configmaps/status'], verbs: ['get', 'create', 'patch'] }];

/** A workflow that makes a config map as the account; no attempt of it is worth another one. */
const applies = (serviceAccountName: string, name = 'made', more: Partial<WorkflowSpec> = {}) => {
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { by: serviceAccountName } };
  const task = { name: 'apply', retry: { limit: 3 }, resource: { manifest, serviceAccountName } };
  return workflow('applies', { tasks: [task], ...more });
};

const isMade = (scenario: Scenario, name = 'made') =>
  scenario.client.get(CONFIG_MAPS, { name, namespace: scenario.namespace }).then(Boolean, () => false);

async function refusal(scenario: Scenario, name: string) {
  const row = rowOf(await scenario.ended(name), 'apply');
  expect(row).toMatchObject({ phase: 'Failed' });
  expect(row.retries ?? 0).toBe(0);
  return row;
}

describe('a task that applies an object', () => {
  it('acts as no account of a namespace that does not say so, until its owner gives the command that it tells', async ({
    scenario,
  }) => {
    await scenario.given(...accountWith('robot', RULES));
    const mallory = await Attacker.with(scenario, RUNS);
    await mallory.create(applies('robot'));
    await mallory.create(workflowRun('first', 'applies'));
    const row = await refusal(scenario, 'first');
    expect(row).toMatchObject({ reason: 'ResourceForbidden' });
    expect(row.message).toContain('resource.serviceAccountName');
    expect(await isMade(scenario)).toBe(false);

    await scenario.kubectl(['create', 'rolebinding', 'owner', '--clusterrole=admin', '--user=owner']);
    const commands = /kubectl create role .*$/.exec(row.message ?? '')?.[0].split(' && ') ?? [];
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      const args = command.split(' ').slice(1);
      await scenario.until(`the owner may ${command}`, () =>
        scenario.kubectl(['--as', 'owner', ...args]).catch(() => undefined),
      );
    }
    await mallory.create(workflowRun('second', 'applies'));
    expect((await scenario.ended('second')).status?.phase).toBe('Succeeded');
    expect(await isMade(scenario)).toBe(true);
  });

  it('acts as no account but those that the namespace lists', async ({ scenario }) => {
    await scenario.given(...accountWith('robot', RULES), ...accountWith('listed', RULES), ...actsAs('listed'));
    const mallory = await Attacker.with(scenario, RUNS);
    await mallory.create(applies('robot'));
    await mallory.create(workflowRun('first', 'applies'));
    const row = await refusal(scenario, 'first');
    expect(row).toMatchObject({ reason: 'ResourceForbidden' });
    expect(row.message).toMatch(/the operator may not act as robot in/);
    expect(await isMade(scenario)).toBe(false);
  });

  it('does nothing where Kubernetes or the operator runs, though the accounts there are listed', async ({
    scenario,
  }) => {
    for (const namespace of ['kube-system', OPERATOR_NAMESPACE]) {
      const there = Scenario.in(stage(), namespace);
      const mark = auditLog().mark();
      try {
        await there.given(...accountWith('robot', RULES), ...actsAs('robot'));
        const mallory = await Attacker.with(there, RUNS);
        await mallory.create(applies('robot'));
        await mallory.create(workflowRun('first', 'applies'));
        const row = await refusal(there, 'first');
        expect(row.message).toContain(`the operator does not act as service accounts in ${namespace}`);
        expect(await isMade(there)).toBe(false);
        const tokens = auditLog().since(mark, ({ user, resource, namespace: where }) => {
          return user === OPERATOR_USER && resource === 'serviceaccounts/token' && where === namespace;
        });
        expect(tokens).toEqual([]);
      } finally {
        await there.kubectl(['delete', 'awr,awf', '--all', '--ignore-not-found']);
        const names = ['robot', 'ado-as', 'mallory'];
        await there.kubectl(['delete', 'role,rolebinding,serviceaccount', ...names, '--ignore-not-found']);
      }
    }
    // Nor is anything applied there from elsewhere.
    await scenario.given(...accountWith('robot', RULES), ...actsAs('robot'));
    const manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'made', namespace: '${{ params.where }}' },
    };
    const parameters = [{ name: 'where' }];
    const tasks = [{ name: 'apply', resource: { manifest, serviceAccountName: 'robot' } }];
    await scenario.given(workflow('elsewhere', { parameters, tasks }));
    for (const [run, where] of [
      ['kube', 'kube-system'],
      ['own', OPERATOR_NAMESPACE],
    ] as const) {
      await scenario.given(workflowRun(run, 'elsewhere', { where }));
      expect(await refusal(scenario, run)).toMatchObject({ reason: 'ManifestInvalid' });
    }
  });

  it('reaches nothing else by a name that is a path', async ({ scenario }) => {
    await scenario.given(...accountWith('robot', RULES), ...actsAs('robot'));
    await scenario.given(applies('robot', '${{ params.name }}', { parameters: [{ name: 'name' }] }));
    const user = `system:serviceaccount:${scenario.namespace}:robot`;
    const names = ['made/status', '../secrets/made', 'made%2Fstatus', '..', 'a?fieldManager=kubectl'];
    for (const [index, name] of names.entries()) {
      const run = `path-${index}`;
      await scenario.given(workflowRun(run, 'applies', { name }));
      const row = await refusal(scenario, run);
      expect(row).toMatchObject({ reason: 'ManifestInvalid' });
      expect(row.message).toContain('resource.manifest.metadata.name');
    }
    expect(auditLog().since(0, (record) => record.user === user)).toEqual([]);
  });
});
