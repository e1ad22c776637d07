/**
 * Who: a user who may create, read, change and delete ConfigMaps in the namespace, and nothing else.
 * What they try, without any policy in their way: to hand on outputs of their own as the cached result of a task, by an entry
 * in the place of the genuine one, and by changing the one that there is; and to hold a task up, by an entry that says
 * that somebody else computes the result.
 * What must be: such an entry is a miss and is named, the task is computed, and its result takes the place.
 */
import { describe, expect } from 'vitest';
import { Attacker, isToldOf } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../support/manifests.ts';
import { signalWaits } from '../support/people.ts';
import { outputsOf, type Scenario } from '../support/scenario.ts';

useOperator();

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

interface Entry {
  readonly metadata: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
}

/** The entry of the one result that is cached in the namespace, once it is stored. */
const entryOf = (scenario: Scenario): Promise<Entry> =>
  scenario.until('the result is stored', async () => {
    const found = await scenario.kubectl(['get', 'configmaps', '-l', 'flow.ado.dev/cache', '-o', 'json']);
    const { items } = JSON.parse(found) as { items: (Entry & { data?: { outputs: string } })[] };
    return items.find(({ data }) => data?.outputs === '{"value":"genuine"}');
  });

/** An entry in the place of a genuine one, as it was before entries had proofs: anybody can write that. */
function forged({ metadata: { name, labels, annotations } }: Entry, holder: object, data?: object): Manifest {
  const { 'flow.ado.dev/proof': _proof, ...copied } = annotations;
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: { name, labels, annotations: { ...copied, 'flow.ado.dev/holder': JSON.stringify(holder) } },
    ...(data && { data }),
  };
}

async function computes(scenario: Scenario, name: string): Promise<void> {
  await scenario.given(workflowRun(name, 'build'));
  expect(outputsOf(await scenario.ended(name), 'build')).toEqual({ value: 'genuine' });
}

describe('an entry of the cache that others wrote', () => {
  it('hands on nothing, whether it was there first or was changed', async ({ scenario }) => {
    const mallory = await Attacker.with(scenario, RIGHT);
    await scenario.given(building());
    await computes(scenario, 'first');
    const entry = await entryOf(scenario);
    const { name } = entry.metadata;
    const holder = { run: 'never', uid: 'never', path: 'build', attempt: 0, since: '' };
    await mallory.kubectl(['delete', 'configmap', name]);
    const at = new Date().toISOString();
    await mallory.create(forged(entry, holder, { outputs: '{"value":"evil"}', from: 'never/build', at }));
    await computes(scenario, 'second');
    await isToldOf(scenario, name);
    await entryOf(scenario);
    const change = JSON.stringify({ data: { outputs: '{"value":"evil"}' } });
    await mallory.kubectl(['patch', 'configmap', name, '--type=merge', '-p', change]);
    await computes(scenario, 'third');
  });

  it('holds up nobody by the run that it names', async ({ scenario }) => {
    const mallory = await Attacker.with(scenario, RIGHT);
    const waits = workflow('waits', { tasks: [{ name: 'asks', approval: { message: 'Ship?' } }] });
    await scenario.given(waits, workflowRun('waits', 'waits'), building());
    await signalWaits(scenario, 'waits-asks');
    const { uid } = (await scenario.run('waits')).metadata;
    await computes(scenario, 'first');
    const entry = await entryOf(scenario);
    await mallory.kubectl(['delete', 'configmap', entry.metadata.name]);
    await mallory.create(forged(entry, { run: 'waits', uid, path: 'asks', attempt: 0, since: '' }));
    await computes(scenario, 'second');
    await scenario.kubectl(['patch', 'awr', 'waits', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
    await scenario.ended('waits');
  });
});
