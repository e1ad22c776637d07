import { describe, expect } from 'vitest';
import type { WorkflowSpec } from '../../../src/api/index.ts';
import { CONFIG_MAPS, type KubeObject } from '../../../src/runtime/index.ts';
import { ACCOUNT, account } from '../../support/account.ts';
import { auditLog, it, useSharedOperator } from '../../support/e2e.ts';
import { IMAGE, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf, type Scenario } from '../../support/scenario.ts';

useSharedOperator();

type Task = WorkflowSpec['tasks'][number];
type Resource = NonNullable<Task['resource']>;
type ConfigMap = KubeObject & { data?: Record<string, string> };

const configMap = (data: Record<string, string> = { a: '1' }) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' }, data },
});

/** A task that applies an object as the account. */
const apply = (resource: Partial<Resource>, more: Partial<Task> = {}): Task => ({
  name: 'apply',
  resource: { manifest: configMap(), serviceAccountName: ACCOUNT, ...resource },
  ...more,
});

const made = async (scenario: Scenario): Promise<ConfigMap | undefined> =>
  scenario.client.get<ConfigMap>(CONFIG_MAPS, { name: 'made', namespace: scenario.namespace }).catch(() => undefined);

const JOB = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'work-${{ params.number }}' },
  spec: {
    backoffLimit: 0,
    template: {
      spec: {
        restartPolicy: 'Never',
        securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'main',
            image: IMAGE,
            command: ['sh', '-c', 'exit "$1"', 'job', '${{ string(params.number) }}'],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  },
};

/** Runs a Job that ends with this code, and waits for its end. */
const job = () =>
  workflow('job', {
    parameters: [{ name: 'number', type: 'Integer' }],
    tasks: [
      apply({
        manifest: JOB,
        successWhen: 'object.status.succeeded == 1',
        failWhen: 'object.status.failed > 0',
        outputs: { uid: 'object.metadata.uid', succeeded: 'object.status.succeeded' },
      }),
    ],
  });

describe('a task that applies an object', () => {
  it.concurrent('does it as its service account and no other, and hands on what the object says', async ({
    scenario,
  }) => {
    await scenario.given(
      ...account(),
      workflow('config', {
        parameters: [{ name: 'text' }],
        tasks: [
          apply({
            manifest: configMap({ a: '${{ params.text }}' }),
            outputs: { version: 'object.metadata.resourceVersion' },
          }),
          script('after', 'test -n "$VERSION"', {
            needs: ['apply'],
            env: { VERSION: '${{ tasks.apply.outputs.version }}' },
          }),
        ],
      }),
      workflowRun('config', 'config', { text: 'hello' }),
    );
    const run = await scenario.ended('config');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(await made(scenario)).toMatchObject({ data: { a: 'hello' } });
    expect(outputsOf(run, 'apply')).toEqual({ version: (await made(scenario))?.metadata.resourceVersion });
    const by = auditLog()
      .since(0, ({ namespace, resource, verb }) => {
        return namespace === scenario.namespace && resource === 'configmaps' && verb === 'patch';
      })
      .map(({ user }) => user);
    expect(new Set(by)).toEqual(new Set([`system:serviceaccount:${scenario.namespace}:${ACCOUNT}`]));
  });

  it.concurrent('waits until the object is as it should be', async ({ scenario }) => {
    await scenario.given(...account(), job(), workflowRun('job', 'job', { number: '0' }));
    const run = await scenario.ended('job');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'apply')).toEqual({ uid: expect.stringMatching(/-/), succeeded: 1 });
  });

  it.concurrent('fails when the object says so', async ({ scenario }) => {
    await scenario.given(...account(), job(), workflowRun('job', 'job', { number: '3' }));
    const row = rowOf(await scenario.ended('job'), 'apply');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'ResourceFailed' });
    expect(row.message).toContain('object.status.failed > 0');
  });

  const REFUSED = [
    {
      what: 'the account lacks a right',
      verbs: ['get'],
      manifest: configMap(),
      reason: 'ResourceForbidden',
      says: /cannot patch resource "configmaps".*; grant system:serviceaccount:.*:deployer patch and create/,
    },
    {
      what: 'the object is invalid',
      verbs: undefined,
      manifest: { ...configMap(), data: { 'a b': '1' } },
      reason: 'ResourceRejected',
      says: /data/,
    },
    {
      what: 'a field is unknown',
      verbs: undefined,
      manifest: { ...configMap(), date: {} },
      reason: 'ResourceRejected',
      says: /date/,
    },
  ];
  it.concurrent.for(REFUSED)(
    'is refused in so many words when $what',
    async ({ verbs, manifest, reason, says }, { scenario }) => {
      await scenario.given(
        ...account(verbs),
        workflow('refused', { tasks: [apply({ manifest })] }),
        workflowRun('refused', 'refused'),
      );
      const row = rowOf(await scenario.ended('refused'), 'apply');
      expect(row).toMatchObject({ phase: 'Failed', reason });
      expect(row.message).toMatch(says);
      expect(await made(scenario)).toBeUndefined();
    },
  );

  it.concurrent('has no more rights than the default service account where it names none', async ({ scenario }) => {
    const task: Task = { name: 'apply', resource: { manifest: configMap() } };
    await scenario.given(...account(), workflow('plain', { tasks: [task] }), workflowRun('plain', 'plain'));
    const row = rowOf(await scenario.ended('plain'), 'apply');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'ResourceForbidden' });
    expect(row.message).toContain(':default"');
  });
});

describe('a field that somebody else owns', () => {
  const applies = (conflict?: Resource['conflict']) =>
    workflow('applies', { tasks: [apply(conflict === undefined ? {} : { conflict })] });
  const theirs = (scenario: Scenario) => scenario.kubectl(['create', 'configmap', 'made', '--from-literal=a=theirs']);

  it.concurrent('ends the task, with its name, whose it is and the remedy', async ({ scenario }) => {
    await theirs(scenario);
    await scenario.given(...account(), applies(), workflowRun('applies', 'applies'));
    const row = rowOf(await scenario.ended('applies'), 'apply');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'ResourceConflict' });
    expect(row.message).toMatch(/\.data\.a \("kubectl-create".*resource\.conflict: Force/);
    expect((await made(scenario))?.data).toEqual({ a: 'theirs' });
  });

  it.concurrent('is taken over where the task says so, and is its own in the next run', async ({ scenario }) => {
    await theirs(scenario);
    await scenario.given(...account(), applies('Force'), workflowRun('first', 'applies'));
    expect((await scenario.ended('first')).status?.phase).toBe('Succeeded');
    const changed = workflow('applies', { tasks: [apply({ manifest: configMap({ b: '2' }) })] });
    await scenario.given(changed);
    await scenario.workflowIs('applies', 'True');
    await scenario.given(workflowRun('second', 'applies'));
    expect((await scenario.ended('second')).status?.phase).toBe('Succeeded');
    // What it applies no more goes, since no other manager has it.
    expect((await made(scenario))?.data).toEqual({ b: '2' });
  });
});

describe('an object that was applied', () => {
  const waiting = (deletion: NonNullable<Resource['delete']>) =>
    workflow('waiting', { tasks: [apply({ successWhen: 'object.data.a == "2"', delete: deletion })] });

  it.concurrent('goes when its task is stopped, if it is to', async ({ scenario }) => {
    await scenario.given(...account(), waiting('OnStop'), workflowRun('waiting', 'waiting'));
    await scenario.until('it is there', () => made(scenario));
    await scenario.kubectl(['patch', 'awr', 'waiting', '--type=merge', '-p', '{"spec":{"desiredState":"Cancelled"}}']);
    expect((await scenario.ended('waiting')).status?.phase).toBe('Cancelled');
    expect(await made(scenario)).toBeUndefined();
  });

  it.concurrent('stays when its task is stopped, if nothing is said', async ({ scenario }) => {
    await scenario.given(...account(), waiting('Never'), workflowRun('waiting', 'waiting'));
    await scenario.until('it is there', () => made(scenario));
    await scenario.kubectl(['patch', 'awr', 'waiting', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
    await scenario.ended('waiting');
    expect((await made(scenario))?.metadata.labels).toBeUndefined();
  });

  it.concurrent('goes when its task has ended, if it always is to', async ({ scenario }) => {
    await scenario.given(...account(), waiting('Always'), workflowRun('waiting', 'waiting'));
    await scenario.until('it is there', () => made(scenario));
    await scenario.kubectl(['patch', 'configmap', 'made', '--type=merge', '-p', '{"data":{"a":"2"}}']);
    expect(conditionOf(await scenario.ended('waiting'), 'Succeeded').status).toBe('True');
    await scenario.until('it is gone', async () => (await made(scenario)) === undefined);
  });
});
