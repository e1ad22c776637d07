import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const version = (text: string, more: Parameters<typeof workflow>[1] | Record<string, never> = {}) =>
  workflow('app', {
    triggers: { onChange: { of: ['Tasks'] } },
    tasks: [script('deploy', `echo ${text}`)],
    ...more,
  });

/** Waits until onChange has acted on `ordinal` versions and all their runs are over; returns the names of the runs. */
async function settled(scenario: Scenario, ordinal: number): Promise<string[]> {
  await scenario.until(`onChange has acted upon ${ordinal} versions`, async () => {
    const { lastApplied, observedGeneration } = (await scenario.workflow('app')).status ?? {};
    return lastApplied?.ordinal === ordinal && observedGeneration !== undefined;
  });
  return scenario.until('all runs are over', async () => {
    const runs = await scenario.runs();
    return runs.every(({ status }) => status?.finishedAt) && runs.map(({ metadata }) => metadata.name);
  });
}

describe('onChange', () => {
  it.concurrent('runs the first version once, and A → B → A three times', async ({ scenario }) => {
    await scenario.given(version('a'));
    expect(await settled(scenario, 1)).toHaveLength(1);
    await scenario.given(version('b'));
    expect(await settled(scenario, 2)).toHaveLength(2);
    await scenario.given(version('a'));
    const names = await settled(scenario, 3);
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^app-[0-9a-f]{8}$/);
    const runs = await scenario.runs();
    expect(runs.map(({ spec }) => spec.number)).toEqual([1, 2, 3]);
    expect(runs.map(({ spec }) => spec.origin?.type)).toEqual(['OnChange', 'OnChange', 'OnChange']);
  });

  it.concurrent('runs nothing for a change that it does not watch, nor for labels', async ({ scenario }) => {
    await scenario.given(version('a'));
    await settled(scenario, 1);
    await scenario.kubectl(['label', 'awf', 'app', 'color=green']);
    await scenario.given(version('a', { tasks: [script('deploy', 'echo a')], retention: { pods: 'Delete' } }));
    await scenario.given(
      version('a', { tasks: [script('deploy', 'echo a')], parameters: [{ name: 'new', default: '1' }] }),
    );
    const seen = await scenario.workflowIs('app', 'True');
    await scenario.until('the newest generation is observed', async () => {
      const { status } = await scenario.workflow('app');
      return status?.observedGeneration === seen.metadata.generation;
    });
    expect(await settled(scenario, 1)).toHaveLength(1);
  });

  it.concurrent('leaves the first version alone with onCreate: Ignore', async ({ scenario }) => {
    const triggers = { onChange: { of: ['Tasks' as const], onCreate: 'Ignore' as const } };
    await scenario.given(version('a', { triggers, tasks: [script('deploy', 'echo a')] }));
    expect(await settled(scenario, 1)).toEqual([]);
    await scenario.given(version('b', { triggers, tasks: [script('deploy', 'echo b')] }));
    expect(await settled(scenario, 2)).toHaveLength(1);
  });
});

describe('retention', () => {
  it.concurrent(
    'keeps as many finished runs as it says, by outcome, and what it deleted never runs again',
    FULL,
    async ({ scenario }) => {
      const retention = { succeeded: { count: 1 }, failed: { count: 0 } };
      const of = (text: string) => version(text, { retention, tasks: [script('deploy', text)] });
      await scenario.given(of('exit 1'));
      await settled(scenario, 1);
      await scenario.until('the failed run is gone', async () => (await scenario.runs()).length === 0);
      await scenario.given(of('true'));
      await settled(scenario, 2);
      await scenario.given(of('sleep 1'));
      await settled(scenario, 3);
      const kept = await scenario.until('one run is left', async () => {
        const runs = await scenario.runs();
        return runs.length === 1 && runs[0];
      });
      expect(kept.spec.number).toBe(3);
      expect(conditionOf(kept, 'Succeeded').status).toBe('True');
      await scenario.until('pods go with their runs', async () => (await scenario.pods()).length === 1);
      await scenario.kubectl(['annotate', 'awf', 'app', 'looked-at=again']);
      expect((await scenario.workflow('app')).status?.lastApplied?.ordinal).toBe(3);
      expect(await scenario.runs()).toHaveLength(1);
    },
  );

  it.concurrent(
    'deletes pods whose result is read, all of them or those that succeeded',
    FULL,
    async ({ scenario }) => {
      const tasks = [script('good', 'true'), script('bad', 'exit 1', { needs: ['good'] })];
      await scenario.given(
        workflow('all', { triggers: { onChange: { of: ['Tasks'] } }, retention: { pods: 'Delete' }, tasks }),
        workflow('good', { triggers: { onChange: { of: ['Tasks'] } }, retention: { pods: 'DeleteSucceeded' }, tasks }),
        workflow('none', { triggers: { onChange: { of: ['Tasks'] } }, tasks }),
      );
      const left = async () => {
        const pods = (await scenario.pods()).filter(({ metadata }) => !metadata.deletionTimestamp);
        return pods.map(
          ({ metadata }) =>
            `${metadata.labels?.['flow.ado.dev/workflow']} ${metadata.annotations?.['flow.ado.dev/task']}`,
        );
      };
      await scenario.until('three runs are over', async () => {
        const runs = await scenario.runs();
        return runs.length === 3 && runs.every(({ status }) => status?.finishedAt);
      });
      const expected = ['good bad', 'none bad', 'none good'];
      await scenario.until('only the pods to be kept are left', async () => {
        return (await left()).sort().join() === expected.join();
      });
    },
  );
});
