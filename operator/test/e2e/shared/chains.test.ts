import { describe, expect } from 'vitest';
import type { WorkflowRun, WorkflowSpec } from '../../../src/api/index.ts';
import { decodeState } from '../../../src/engine/index.ts';
import { countTo } from '../../support/counting.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

type Task = WorkflowSpec['tasks'][number];

/** A loop of expressions that goes round so many times. */
const counting = (iterations: number, more: Partial<Task> = {}): Task => ({
  name: 'count',
  compute: { v: 'iteration' },
  outputs: [{ name: 'v', type: 'Integer' }],
  loop: { ...countTo(iterations, 'outputs.v'), keepLast: 1 },
  ...more,
});

/** The last run of a chain, once it is over. */
async function endOf(scenario: Scenario, root: string, timeoutMs?: number): Promise<WorkflowRun> {
  return scenario.until(
    `the chain ${root} is over`,
    async () => {
      const last = (await chainOf(scenario, root)).at(-1);
      return last?.status?.finishedAt !== undefined && last.status.chain?.next === undefined && last;
    },
    timeoutMs === undefined ? {} : { timeoutMs },
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
      message: `continued as loop-c${index}`,
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

  it.concurrent('can be retried in its last run, which has what earlier ones have done', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('mended', {
        continueAsNew: { afterEvents: 100 },
        tasks: [
          script('first', 'echo v=7 > "$ADO_OUTPUTS"', { outputs: [{ name: 'v', type: 'Integer' }] }),
          counting(150, { needs: ['first'] }),
          script('last', 'test "$RUN $V $SUM" = "retried 7 11175"', {
            needs: ['count', 'first'],
            env: {
              RUN: '${{ run.name }}',
              V: '${{ tasks.first.outputs.v }}',
              SUM: '${{ tasks.count.outputs.sum }}',
            },
          }),
        ],
      }),
      workflowRun('mended', 'mended'),
    );
    const broken = await endOf(scenario, 'mended');
    expect(broken.spec.continues?.index).toBeGreaterThan(0);
    expect(conditionOf(broken, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TaskFailed' });
    const again = workflowRun('retried', 'mended');
    const from = { run: broken.metadata.name, mode: 'Retry' };
    await scenario.given({ ...again, spec: { ...(again.spec as object), from } });
    const mended = await scenario.ended('retried');
    expect(conditionOf(mended, 'Succeeded')).toMatchObject({ status: 'True', reason: 'Succeeded' });
    expect(mended.status?.tasks?.find(({ path }) => path === 'first')?.from).toBe(`${broken.metadata.name}/first`);
  });
});

describe('a task that runs a Workflow whose run continues', () => {
  it.concurrent('waits for the end of the chain', async ({ scenario }) => {
    await scenario.given(
      workflow('inner', {
        parameters: [{ name: 'n', type: 'Integer', default: 1 }],
        continueAsNew: { when: 'params.n < 4', with: { n: '${{ params.n + 1 }}' } },
        tasks: [script('step', 'test "$N" -lt 4', { env: { N: '${{ params.n }}' } })],
      }),
      workflow('outer', { tasks: [{ name: 'call', workflow: { name: 'inner' } }] }),
      workflowRun('outer', 'outer'),
    );
    const outer = await scenario.ended('outer');
    expect(outer.status?.tasks?.find(({ path }) => path === 'call')).toMatchObject({
      phase: 'Failed',
      reason: 'ChildFailed',
      message: expect.stringMatching(/^run outer-call-0-[0-9a-f]{8}-c3: TaskFailed/),
    });
    const inner = (await scenario.runs()).filter(({ spec }) => spec.workflowRef.name === 'inner');
    expect(inner.length).toBeGreaterThanOrEqual(3);
    for (const { metadata } of inner)
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'WorkflowRun', name: 'outer' }]);
  });

  it.concurrent('stops the run that goes on when it is cancelled', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('inner', {
        parameters: [{ name: 'n', type: 'Integer', default: 1 }],
        continueAsNew: { when: 'params.n < 2', with: { n: '2' } },
        tasks: [
          script('step', 'test "$N" = 1 || sleep 600', {
            env: { N: '${{ params.n }}' },
            terminationGracePeriodSeconds: 1,
          }),
        ],
      }),
      workflow('outer', { tasks: [{ name: 'call', workflow: { name: 'inner' } }] }),
      workflowRun('outer', 'outer'),
    );
    await scenario.until('the second run of the chain runs', async () =>
      (await scenario.runs()).some(({ spec, status }) => spec.continues?.index === 1 && status?.phase === 'Running'),
    );
    await scenario.kubectl(['patch', 'awr', 'outer', '--type=merge', '-p', '{"spec":{"desiredState":"Cancelled"}}']);
    expect(conditionOf(await scenario.ended('outer'), 'Succeeded')).toMatchObject({ reason: 'Cancelled' });
    const second = (await scenario.runs()).find(({ spec }) => spec.continues?.index === 1);
    expect(conditionOf(second as WorkflowRun, 'Succeeded')).toMatchObject({ status: 'False', reason: 'Cancelled' });
  });
});

describe('a run that is about to continue', () => {
  const again = (name: string) =>
    workflow(name, {
      parameters: [{ name: 'n', type: 'Integer', default: 1 }],
      continueAsNew: { when: 'params.n < 2', with: { n: '${{ params.n + 1 }}' } },
      tasks: [{ name: 'step', compute: { v: 'params.n' } }],
    });

  it.concurrent(
    'goes on under another name where that of the next one is taken, and names the stranger',
    FULL,
    async ({ scenario }) => {
      const stranger = workflowRun('taken-c1', 'other');
      await scenario.given(workflow('other', { tasks: [script('wait', 'sleep 600')] }), again('taken'), stranger);
      await scenario.given(workflowRun('taken', 'taken'));
      const next = await scenario.until('the next run is there', async () =>
        (await scenario.runs()).find(({ spec }) => spec.continues?.run === 'taken'),
      );
      expect(next.metadata.name).toMatch(/^taken-[0-9a-f]{11}$/);
      expect((await scenario.ended(next.metadata.name)).status?.phase).toBe('Succeeded');
      expect((await scenario.run('taken')).status?.chain?.next).toBe(next.metadata.name);
      expect((await scenario.run('taken-c1')).spec.workflowRef.name).toBe('other');
      await scenario.until('the stranger is named', async () =>
        /NameTaken .*taken-c1/.test(await scenario.kubectl(['describe', 'awr', 'taken'])),
      );
    },
  );

  it.concurrent(
    'is not continued a second time when somebody deletes the next one, and can be run again but not retried',
    FULL,
    async ({ scenario }) => {
      await scenario.given(again('gone'), workflowRun('gone', 'gone'));
      await endOf(scenario, 'gone');
      await scenario.kubectl(['delete', 'awr', 'gone-c1']);
      const repeat = (name: string, mode: string) => {
        const of = workflowRun(name, 'gone');
        return { ...of, spec: { ...(of.spec as object), from: { run: 'gone', mode } } };
      };
      await scenario.given(repeat('retried', 'Retry'), repeat('rerun', 'Rerun'));
      expect(conditionOf(await scenario.ended('retried'), 'Succeeded')).toMatchObject({
        reason: 'InvalidOrigin',
        message: expect.stringContaining('gone was continued by gone-c1'),
      });
      await endOf(scenario, 'rerun');
      expect((await scenario.runs()).map(({ metadata }) => metadata.name)).not.toContain('gone-c1');
    },
  );
});
