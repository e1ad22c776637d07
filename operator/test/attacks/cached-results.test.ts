/**
 * Who: a user who may create, read, change and delete ConfigMaps in the namespace, and nothing else.
 * What they try, without any policy in their way: to hand on outputs of their own as the cached result of a task, by an entry
 * that they write before there is one, and by changing the one that there is; and to hold a task up, by an entry that says
 * that somebody else computes the result.
 * What must be: such an entry is a miss and is named, the task is computed, and its result takes the place.
 */
import { describe, expect } from 'vitest';
import { digestOfKey, nameOfEntry } from '../../src/executors/cache/entry.ts';
import { Attacker, isToldOf } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../support/manifests.ts';
import { signalWaits } from '../support/people.ts';
import { outputsOf, type Scenario } from '../support/scenario.ts';

useOperator();

const DIGEST = digestOfKey('build/1');
const ENTRY = nameOfEntry(DIGEST);
const RIGHT = { resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] };

const building = (): Manifest =>
  workflow('build', {
    tasks: [
      script('build', 'echo "value=genuine" > $ADO_OUTPUTS', {
        cache: { key: 'build/1' },
        outputs: [{ name: 'value', type: 'String' }],
      }),
      script('use', 'test "$VALUE" != ""', {
        needs: ['build'],
        env: { VALUE: '${{ tasks.build.outputs.value }}' },
      }),
    ],
  });

/** An entry as it was before entries had proofs, which anybody can write. */
const forged = (holder: object, data?: object): Manifest => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap' },
  metadata: {
    name: ENTRY,
    labels: { 'flow.ado.dev/cache': DIGEST.slice(0, 16), 'app.kubernetes.io/managed-by': 'ado' },
    annotations: {
      'flow.ado.dev/digest': DIGEST,
      'flow.ado.dev/holder': JSON.stringify(holder),
      'flow.ado.dev/max-age-ms': '86400000',
    },
  },
  ...(data && { data }),
});

async function computes(scenario: Scenario, name: string): Promise<void> {
  await scenario.given(workflowRun(name, 'build'));
  expect(outputsOf(await scenario.ended(name), 'build')).toEqual({ value: 'genuine' });
}

describe('an entry of the cache that others wrote', () => {
  it('hands on nothing, whether it was there first or was changed', async ({ scenario }) => {
    const mallory = await Attacker.with(scenario, RIGHT);
    const holder = { run: 'never', uid: 'never', path: 'build', attempt: 0, since: '' };
    const at = new Date().toISOString();
    await mallory.create(forged(holder, { outputs: '{"value":"evil"}', from: 'never/build', at }));
    await scenario.given(building());
    await computes(scenario, 'first');
    await isToldOf(scenario, ENTRY);
    await scenario.until('the result is stored', async () => {
      const stored = await scenario.kubectl(['get', 'configmap', ENTRY, '-o', 'jsonpath={.data.outputs}']);
      return stored === '{"value":"genuine"}';
    });
    const change = JSON.stringify({ data: { outputs: '{"value":"evil"}' } });
    await mallory.kubectl(['patch', 'configmap', ENTRY, '--type=merge', '-p', change]);
    await computes(scenario, 'second');
  });

  it('holds up nobody by the run that it names', async ({ scenario }) => {
    const mallory = await Attacker.with(scenario, RIGHT);
    const waits = workflow('waits', { tasks: [{ name: 'asks', approval: { message: 'Ship?' } }] });
    await scenario.given(waits, workflowRun('waits', 'waits'));
    await signalWaits(scenario, 'waits-asks');
    const { uid } = (await scenario.run('waits')).metadata;
    await mallory.create(forged({ run: 'waits', uid, path: 'asks', attempt: 0, since: '' }));
    await scenario.given(building());
    await computes(scenario, 'first');
    await scenario.kubectl(['patch', 'awr', 'waits', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
    await scenario.ended('waits');
  });
});
