/** @module-tag full */
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { PODS } from '../../../src/runtime/index.ts';
import { ROOT } from '../../support/control-plane.ts';
import { it, stage, useOperator } from '../../support/e2e.ts';
import { installManifests } from '../../support/installation.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, Scenario } from '../../support/scenario.ts';

useOperator();

const deaf = script('deaf', 'trap "" TERM; while true; do sleep 0.2; done', { terminationGracePeriodSeconds: 10 });

describe('taking the CRDs away', () => {
  it('lets them and all pods go within 60 s while runs are live, and goes on when they are back', async ({
    scenario,
  }) => {
    const { kubectl, client } = stage();
    const other = await Scenario.begin(stage());
    for (const each of [scenario, other]) {
      await each.given(workflow('live', { tasks: [deaf, script('finished', 'true')] }), workflowRun('live', 'live'));
    }
    for (const each of [scenario, other]) await each.podRuns('deaf');
    const ours = { labelSelector: 'app.kubernetes.io/managed-by=ado' };
    expect((await client.list(PODS, ours)).items.length).toBeGreaterThanOrEqual(4);
    await kubectl.run(['delete', '--wait=false', '-k', join(ROOT, 'crds')]);
    await scenario.until('the CRDs and the pods are gone', async () => {
      const crds = await kubectl.run(['get', 'crd', '-l', 'app.kubernetes.io/name=ado', '-o', 'name']);
      return crds === '' && (await client.list(PODS, ours)).items.length === 0;
    });
    await installManifests(kubectl);
    await scenario.given(workflow('again', { tasks: [script('only', 'true')] }), workflowRun('again', 'again'));
    expect(conditionOf(await scenario.ended('again'), 'Succeeded').status).toBe('True');
    await other.end();
  });
});
