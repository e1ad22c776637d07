/**
 * Who: a user who may create, change and delete pods, runs, signals, ConfigMaps and Jobs, where the policies are installed.
 * What they try: to write, on what they make and on what is there, the marks by which the operator finds what runs own.
 * What must be: refused with the reason; their own labels, taking finalizers away, and Kubernetes' own controllers are not.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, GROUP, type WorkflowRun } from '../../src/api/index.ts';
import { Attacker, marksOf, podSaying } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import type { Scenario } from '../support/scenario.ts';
import { FULL } from '../support/tier.ts';

useOperator({ admission: true });

const verbs = ['get', 'list', 'create', 'patch', 'update', 'delete'];
const EDIT = [
  { resources: ['pods', 'configmaps'], verbs },
  { group: 'batch', resources: ['jobs'], verbs },
  { group: GROUP, resources: ['workflowruns', 'signals'], verbs },
];

async function begun(scenario: Scenario): Promise<{ run: WorkflowRun; mallory: Attacker }> {
  const sleeps = workflow('sleeps', { tasks: [script('build', 'sleep 60')] });
  await scenario.given(sleeps, workflowRun('one', 'sleeps'));
  await scenario.podRuns('build');
  return { run: await scenario.run('one'), mallory: await Attacker.with(scenario, ...EDIT) };
}

describe('the marks of what runs own', () => {
  it('are refused on whatever people create', async ({ scenario }) => {
    const { run, mallory } = await begun(scenario);
    const { labels, annotations, ownerReferences } = marksOf(run, 'build');
    const objects = [
      (metadata: object) => podSaying('', metadata as never),
      (metadata: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata }),
      (metadata: object) => ({ ...workflowRun('x', 'sleeps'), metadata }),
      (metadata: object) => ({
        ...{ apiVersion: API_VERSION, kind: 'Signal', metadata },
        spec: { type: 'Data', run: 'one', name: 'x' },
      }),
    ];
    for (const objectOf of objects) {
      for (const mark of [{ labels }, { annotations }, { ownerReferences }, { finalizers: [`${GROUP}/result`] }]) {
        const object = objectOf({ name: 'forged', ...mark });
        expect(await mallory.refused(['create', '-f', '-'], object)).toMatch(/ado-marks.*operator/s);
      }
    }
  });

  it('are kept on what is there, but for finalizers, which whoever cleans up may take away', async ({ scenario }) => {
    const { mallory } = await begun(scenario);
    const { name } = (await scenario.podOf('build')).metadata;
    const patch = (body: object) => ['patch', 'pod', name, '--type=merge', '-p', JSON.stringify({ metadata: body })];
    const refused = [
      { labels: { [`${GROUP}/attempt`]: '7' } },
      { labels: { [`${GROUP}/run-uid`]: null } },
      { annotations: { [`${GROUP}/proof`]: 'x' } },
      { ownerReferences: null },
    ];
    for (const body of refused) expect(await mallory.refused(patch(body))).toContain('ado-marks');
    await mallory.kubectl(patch({ labels: { team: 'payments' }, annotations: { 'example.com/note': 'mine' } }));
    await mallory.kubectl(patch({ finalizers: null }));
  });

  it(
    'are no hindrance to Kubernetes: what a run owns goes with it, and Jobs and their pods come and go',
    FULL,
    async ({ scenario }) => {
      const { mallory } = await begun(scenario);
      const template = { spec: podSaying('', { name: 'x' }).spec };
      await mallory.create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'own' }, spec: { template } });
      await scenario.kubectl(['wait', 'job', 'own', '--for=condition=Complete', '--timeout=60s']);
      await mallory.kubectl(['delete', 'awr', 'one', '--wait=false']);
      await scenario.until('the pod of the run is gone', async () =>
        (await scenario.podPaths()).every((path) => path !== 'build'),
      );
    },
  );
});
