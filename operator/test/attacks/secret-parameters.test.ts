/**
 * Who: a user who may create runs and write ConfigMaps in the namespace, and not read its Secrets.
 * What they try: to have a task read a Secret of their choice, by the parameter of a run, by the ConfigMap that a parameter
 * is read from, by an item that a template is given, and by the retry of a run that was refused.
 * What must be: a parameter of the type Secret takes what its definition allows. Everything else ends the run before any
 * pod is made, with the field, the value and the remedy.
 */
import { describe, expect } from 'vitest';
import { GROUP, type WorkflowSpec } from '../../src/api/index.ts';
import { Attacker } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { IMAGE, script, workflow, workflowRun } from '../support/manifests.ts';
import { conditionOf, type Scenario } from '../support/scenario.ts';

useOperator();

const RUNS = { group: GROUP, resources: ['workflowruns'], verbs: ['get', 'list', 'create'] };
const CONFIG_MAPS = { resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'update'] };

const secret = (name: string, value: string) => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { password: value } },
});
const env = { TOKEN: '${{ params.token }}' };
const TELLS = 'printf %s "$TOKEN" > $ADO_OUTPUTS; exit 1';
const ALLOWED = { names: ['db', 'deploy-*'] };
const parameters: WorkflowSpec['parameters'] = [
  { name: 'token', type: 'Secret', default: 'db/password', allowed: ALLOWED },
];

async function isRefused(scenario: Scenario, run: string): Promise<void> {
  const condition = conditionOf(await scenario.ended(run), 'Succeeded');
  expect(condition).toMatchObject({ status: 'False', reason: 'InvalidParameters' });
  expect(condition.message).toContain('the Secret "admin/password" is not in allowed.names');
  expect(await scenario.pods()).toEqual([]);
}

describe.concurrent('a Secret that the definition does not allow', () => {
  it('is read by no run that names it', async ({ scenario }) => {
    await scenario.given(
      secret('admin', 'x'),
      workflow('reads', { parameters, tasks: [script('use', TELLS, { env })] }),
    );
    const mallory = await Attacker.with(scenario, RUNS);
    await mallory.create(workflowRun('one', 'reads', { token: 'admin/password' }));
    await isRefused(scenario, 'one');
  });

  it('is read by no run that a ConfigMap leads to it', async ({ scenario }) => {
    const valueFrom = { configMapKeyRef: { name: 'which', key: 'token' } };
    const read = parameters.map((parameter) => ({ ...parameter, valueFrom }));
    const mallory = await Attacker.with(scenario, RUNS, CONFIG_MAPS);
    const data = { token: 'admin/password' };
    await mallory.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'which' }, data });
    await scenario.given(
      secret('admin', 'x'),
      workflow('reads', { parameters: read, tasks: [script('use', TELLS, { env })] }),
    );
    await mallory.create(workflowRun('one', 'reads'));
    await isRefused(scenario, 'one');
  });

  it('is read by no template that an item leads to it', async ({ scenario }) => {
    const which = { name: 'which', type: 'List' as const, default: [] };
    const inner = (allowed?: typeof ALLOWED) => ({
      name: 'inner',
      parameters: [{ name: 'token', type: 'Secret' as const, ...(allowed && { allowed }) }],
      tasks: [script('use', TELLS, { env, image: IMAGE })],
    });
    const uses = { name: 'go', template: { name: 'inner' }, with: { token: '${{ item }}' } };
    const tasks: WorkflowSpec['tasks'] = [{ ...uses, forEach: { itemsFrom: 'params.which' } }];
    const given = (allowed?: typeof ALLOWED) =>
      scenario.given(
        secret('admin', 'x'),
        workflow('reads', { parameters: [which], tasks, templates: [inner(allowed)] }),
      );
    await given();
    const refused = conditionOf(await scenario.workflowIs('reads', 'False'), 'Ready');
    expect(refused.message).toContain('with.token: the Secret of "token" would depend on values');
    await given(ALLOWED);
    await scenario.workflowIs('reads', 'True');
    const mallory = await Attacker.with(scenario, RUNS);
    await mallory.create(workflowRun('one', 'reads', { which: '["admin/password"]' }));
    expect(JSON.stringify((await scenario.ended('one')).status)).toContain('is not in allowed.names');
    expect(await scenario.pods()).toEqual([]);
  });

  it('is read by no Workflow that allows none', async ({ scenario }) => {
    const open = [{ name: 'token', type: 'Secret' as const }];
    await scenario.given(workflow('open', { parameters: open, tasks: [script('use', TELLS, { env })] }));
    const refused = conditionOf(await scenario.workflowIs('open', 'False'), 'Ready');
    expect(refused.message).toContain('spec.parameters[0].allowed: "token" accepts no Secret');
  });
});

describe('a Secret that the definition allows', () => {
  it('is read, by its name and by how names begin', async ({ scenario }) => {
    const tasks = [script('use', 'test "$TOKEN" = right', { env })];
    await scenario.given(secret('db', 'right'), secret('deploy-eu', 'right'), workflow('reads', { parameters, tasks }));
    const mallory = await Attacker.with(scenario, RUNS);
    await mallory.create(workflowRun('one', 'reads', { token: 'deploy-eu/password' }));
    await mallory.create(workflowRun('two', 'reads'));
    expect((await scenario.ended('one')).status?.phase).toBe('Succeeded');
    expect((await scenario.ended('two')).status?.phase).toBe('Succeeded');
  });
});
