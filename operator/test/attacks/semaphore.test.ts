/**
 * Who: a tenant who may create pods in a namespace of their own, and nothing in the one that they attack.
 * What they try: to hold a permit of another namespace for ever, by a pod that carries the labels of the run that held it.
 * What must be: the permit is free when its run has ended, and the next run gets it.
 */
import { describe, expect } from 'vitest';
import { API_VERSION } from '../../src/api/index.ts';
import { podName } from '../../src/pods/index.ts';
import { Attacker, marksOf, podSaying } from '../support/attacker.ts';
import { it, stage, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { Scenario } from '../support/scenario.ts';

useOperator();

describe('a pod with the labels of a run of another namespace', () => {
  it('holds no permit there', async ({ scenario }) => {
    const db = { apiVersion: API_VERSION, kind: 'Semaphore', metadata: { name: 'db' }, spec: { permits: 1 } };
    const held = script('held', 'sleep 10', { semaphores: [{ name: 'db' }] });
    await scenario.given(db, workflow('hold', { tasks: [held] }), workflowRun('first', 'hold'));
    await scenario.podRuns('held');
    const first = await scenario.run('first');
    const elsewhere = await Scenario.begin(stage());
    try {
      const tenant = await Attacker.with(elsewhere, { resources: ['pods'], verbs: ['create'] });
      const { ownerReferences: _owner, ...marks } = marksOf(first, 'held');
      const name = podName('first', first.metadata.uid ?? '', 'held', 0);
      await tenant.create(podSaying('', { ...marks, name }, 600));
      await elsewhere.podRuns('held');
      await scenario.ended('first');
      await scenario.given(workflowRun('second', 'hold'));
      expect((await scenario.ended('second')).status?.phase).toBe('Succeeded');
    } finally {
      await elsewhere.end();
    }
  });
});
