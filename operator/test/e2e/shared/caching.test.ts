import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

/** A workflow whose task computes something else each time, and keeps it by the parameter `key`. */
const computing = (seconds = 0, more = {}): Manifest =>
  workflow('compute', {
    parameters: [{ name: 'key', default: 'k' }],
    defaults: { terminationGracePeriodSeconds: 1 },
    tasks: [
      script('compute', `sleep ${seconds}; echo "value=$(cat /proc/sys/kernel/random/uuid)" > $ADO_OUTPUTS`, {
        cache: { key: 'compute/${{ params.key }}' },
        outputs: [{ name: 'value', type: 'String' }],
        ...more,
      }),
      script('use', 'test "$VALUE" != ""', {
        needs: ['compute'],
        env: { VALUE: '${{ tasks.compute.outputs.value }}' },
      }),
    ],
  });
const withSpec = (run: Manifest, more: object): Manifest => ({ ...run, spec: { ...(run.spec as object), ...more } });
const podsOf = async (scenario: Scenario, path: string) =>
  (await scenario.pods()).filter(({ metadata }) => metadata.annotations?.['flow.ado.dev/task'] === path);
const resultOf = async (scenario: Scenario, name: string) => {
  const run = await scenario.ended(name);
  expect(conditionOf(run, 'Succeeded').status).toBe('True');
  return outputsOf(run, 'compute')?.value;
};

describe('a task with a cache', () => {
  it.concurrent('is computed once for a key, and taken by whoever asks later', async ({ scenario }) => {
    await scenario.given(computing(), workflowRun('first', 'compute'));
    const value = await resultOf(scenario, 'first');
    await scenario.given(workflowRun('again', 'compute'), workflowRun('other', 'compute', { key: 'other' }));
    expect(await resultOf(scenario, 'again')).toBe(value);
    expect(await resultOf(scenario, 'other')).not.toBe(value);
    expect(await podsOf(scenario, 'compute')).toHaveLength(2);
    expect(rowOf(await scenario.run('again'), 'use').phase).toBe('Succeeded');
    const entry = await scenario.kubectl([
      'get',
      'configmaps',
      '-l',
      'flow.ado.dev/cache',
      '-o',
      'jsonpath={.items[*].data.from}',
    ]);
    expect(entry.split(' ').sort()).toEqual(['first/compute', 'other/compute']);
  });

  it.concurrent('is computed by one of those that come at once, for which the others wait', async ({ scenario }) => {
    await scenario.given(computing(3));
    await scenario.workflowIs('compute', 'True');
    await scenario.given(workflowRun('a', 'compute'), workflowRun('b', 'compute'), workflowRun('c', 'compute'));
    const waiting = await scenario.until('one waits for another', async () =>
      (await scenario.runs()).find(({ status }) => status?.tasks?.some(({ reason }) => reason === 'CacheBusy')),
    );
    expect(rowOf(waiting, 'compute').message).toMatch(
      /^run [abc] task compute has been computing the same result since /,
    );
    const values = [await resultOf(scenario, 'a'), await resultOf(scenario, 'b'), await resultOf(scenario, 'c')];
    expect(new Set(values).size).toBe(1);
    expect(await podsOf(scenario, 'compute')).toHaveLength(1);
  });

  it.concurrent('is computed by the next when the one that did so was stopped', FULL, async ({ scenario }) => {
    await scenario.given(computing(6), workflowRun('stopped', 'compute'));
    await scenario.podRuns('compute');
    await scenario.given(workflowRun('next', 'compute'));
    await scenario.taskIs('next', 'compute', 'waits', ({ reason }) => reason === 'CacheBusy');
    await scenario.kubectl(['patch', 'awr', 'stopped', '--type=merge', '-p', '{"spec":{"desiredState":"Terminated"}}']);
    expect(await resultOf(scenario, 'next')).toEqual(expect.any(String));
  });

  it.concurrent(
    'is computed anew by a run that refreshes, and apart from all by one that ignores caches',
    FULL,
    async ({ scenario }) => {
      await scenario.given(computing(), workflowRun('first', 'compute'));
      const first = await resultOf(scenario, 'first');
      await scenario.given(withSpec(workflowRun('ignoring', 'compute'), { cache: 'Ignore' }));
      expect(await resultOf(scenario, 'ignoring')).not.toBe(first);
      await scenario.given(withSpec(workflowRun('refreshing', 'compute'), { cache: 'Refresh' }));
      const fresh = await resultOf(scenario, 'refreshing');
      expect(fresh).not.toBe(first);
      await scenario.given(workflowRun('last', 'compute'));
      expect(await resultOf(scenario, 'last')).toBe(fresh);
      const patch = '{"spec":{"cache":"Ignore"}}';
      const refusal = await scenario.refused(['patch', 'awr', 'last', '--type=merge', '-p', patch]);
      expect(refusal).toContain('cache cannot change once the run exists');
    },
  );

  it.concurrent('takes no result that is older than it allows', FULL, async ({ scenario }) => {
    await scenario.given(computing(0, { cache: { key: 'k', maxAge: '2s' } }), workflowRun('first', 'compute'));
    const first = await resultOf(scenario, 'first');
    const ended = Date.parse((await scenario.run('first')).status?.finishedAt ?? '');
    await scenario.until('the result is too old', async () => Date.now() - ended > 4_000);
    await scenario.given(workflowRun('late', 'compute'));
    expect(await resultOf(scenario, 'late')).not.toBe(first);
  });
});
