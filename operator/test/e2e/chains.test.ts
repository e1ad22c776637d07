import { describe, expect } from 'vitest';
import type { WorkflowRun, WorkflowSpec } from '../../src/api/index.ts';
import { decodeState } from '../../src/engine/index.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { conditionOf, type Scenario } from '../support/scenario.ts';

useOperator();

type Task = WorkflowSpec['tasks'][number];

/** A loop of expressions that goes round so many times. */
const counting = (iterations: number, more: Partial<Task> = {}): Task => ({
  name: 'count',
  compute: { v: 'iteration' },
  outputs: [{ name: 'v', type: 'Integer' }],
  loop: {
    state: { n: '0', sum: '0' },
    next: { n: 'state.n + 1', sum: 'state.sum + outputs.v' },
    while: `state.n < ${iterations}`,
    maxIterations: 1_000_000,
    keepLast: 1,
  },
  ...more,
});

/** The last run of a chain, once it is over. */
async function endOf(scenario: Scenario, root: string, timeoutMs = 60_000): Promise<WorkflowRun> {
  return scenario.until(
    `the chain ${root} is over`,
    async () => {
      const last = (await chainOf(scenario, root)).at(-1);
      return last?.status?.finishedAt !== undefined && last.status.chain?.next === undefined && last;
    },
    { timeoutMs },
  );
}

/** What there is of a chain, in its order. */
async function chainOf(scenario: Scenario, root: string): Promise<WorkflowRun[]> {
  const names = await scenario.kubectl(['get', 'awr', '-l', `flow.ado.dev/chain=${root}`, '-o', 'name']);
  const runs = (await scenario.runs()).filter(
    ({ metadata }) => metadata.name === root || names.includes(`/${metadata.name}\n`),
  );
  return runs.sort((a, b) => (a.spec.continues?.index ?? 0) - (b.spec.continues?.index ?? 0));
}

describe('a run that continues as a new one', () => {
  it.concurrent('goes on with its loop where it was, and keeps two of the runs that it leaves behind', async ({
    scenario,
  }) => {
    await scenario.given(
      workflow('loop', {
        continueAsNew: { afterEvents: 100 },
        tasks: [
          counting(600),
          script('after', 'test "$N $SUM" = "600 179700"', {
            needs: ['count'],
            env: { N: '${{ tasks.count.outputs.n }}', SUM: '${{ tasks.count.outputs.sum }}' },
          }),
        ],
      }),
      workflowRun('loop', 'loop'),
    );
    const last = await endOf(scenario, 'loop');
    expect(conditionOf(last, 'Succeeded')).toMatchObject({ status: 'True', reason: 'Succeeded' });
    const { index = 0, root } = last.status?.chain ?? {};
    expect(root).toBe('loop');
    expect(index).toBeGreaterThan(3);
    expect(last.metadata).toMatchObject({ name: `loop-c${index}`, labels: { 'flow.ado.dev/chain': 'loop' } });
    const kept = await scenario.until('two earlier runs are left', async () => {
      const chain = await chainOf(scenario, 'loop');
      return chain.length === 3 && chain;
    });
    expect(conditionOf(kept[1] as WorkflowRun, 'Succeeded')).toMatchObject({
      status: 'True',
      reason: 'ContinuedAsNew',
      message: `it goes on as loop-c${index}`,
    });
    const columns = await scenario.kubectl(['get', 'awr', last.metadata.name]);
    expect(columns.split('\n')[0]).toMatch(/CHAIN/);
  });

  it.concurrent('begins anew with other parameters, and carries on who asked and how urgent it is', async ({
    scenario,
  }) => {
    const asked = workflowRun('again', 'again', { n: '1' });
    await scenario.given(
      workflow('again', {
        parameters: [{ name: 'n', type: 'Integer' }],
        concurrency: { limit: 1 },
        continueAsNew: { when: 'params.n < 3', with: { n: '${{ tasks.add.outputs.n }}' } },
        tasks: [{ name: 'add', compute: { n: 'params.n + 1' }, outputs: [{ name: 'n', type: 'Integer' }] }],
      }),
      { ...asked, spec: { ...(asked.spec as object), priority: 7, requester: { username: 'ada@example.org' } } },
    );
    const last = await endOf(scenario, 'again');
    const chain = await chainOf(scenario, 'again');
    expect(chain.map(({ metadata }) => metadata.name)).toEqual(['again', 'again-c1', 'again-c2']);
    expect(chain.map(({ status }) => decodeState(status?.state ?? '').parameters)).toEqual([
      { n: 1 },
      { n: 2 },
      { n: 3 },
    ]);
    expect(last.spec).toMatchObject({ priority: 7, requester: { username: 'ada@example.org' } });
    await scenario.runIs(last.metadata.name, 'is owned by its Workflow', ({ metadata }) =>
      (metadata.ownerReferences ?? []).some(({ kind, name }) => kind === 'Workflow' && name === 'again'),
    );
    const refused = await scenario.refused([
      'patch',
      'awr',
      'again',
      '--type=merge',
      '-p',
      '{"spec":{"desiredState":"Paused"}}',
    ]);
    expect(refused).toContain('status.chain.next');
  });
});
