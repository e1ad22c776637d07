import { describe, expect } from 'vitest';
import type { WorkflowRun, WorkflowSpec } from '../../../src/api/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

type Task = WorkflowSpec['tasks'][number];
const WAITS = 'until test -e /tmp/now; do sleep 0.2; done';

/** A task that runs a Workflow. */
const call = (name: string, of: string, more: Partial<Task> = {}): Task => ({ name, workflow: { name: of }, ...more });

/** The runs of a Workflow, oldest first. */
const runsOf = async (scenario: Scenario, name: string): Promise<WorkflowRun[]> =>
  (await scenario.runs()).filter(({ spec }) => spec.workflowRef.name === name);

/** The first run of a Workflow, once there is one. */
const firstOf = (scenario: Scenario, name: string): Promise<WorkflowRun> =>
  scenario.until(`there is a run of ${name}`, async () => (await runsOf(scenario, name))[0]);

describe('a task that runs a Workflow', () => {
  it.concurrent('hands parameters down and the result up, and says where the run comes from', async ({ scenario }) => {
    const asked = workflowRun('outer', 'outer', { text: 'hello' });
    const requester = { username: 'ada@example.org' };
    const inner = workflow('inner', {
      parameters: [{ name: 'text' }],
      tasks: [script('say', 'test "$TEXT" = "hello you"', { env: { TEXT: '${{ params.text }}' } })],
    });
    const outer = workflow('outer', {
      parameters: [{ name: 'text' }],
      tasks: [
        call('call', 'inner', { with: { text: '${{ params.text }} you' } }),
        script('after', 'test "$STATUS" = Succeeded && test -n "$RUN"', {
          needs: ['call'],
          env: { STATUS: '${{ tasks.call.outputs.status }}', RUN: '${{ tasks.call.outputs.run }}' },
        }),
      ],
    });
    await scenario.given(inner, outer, { ...asked, spec: { ...(asked.spec as object), requester } });
    const run = await scenario.ended('outer');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    const [child, ...others] = await runsOf(scenario, 'inner');
    expect(others).toEqual([]);
    const { uid } = run.metadata;
    expect(child?.metadata.ownerReferences).toMatchObject([
      { kind: 'WorkflowRun', name: 'outer', uid, controller: true },
    ]);
    expect(child?.metadata.labels).toMatchObject({ 'flow.ado.dev/run': 'outer' });
    expect(child?.spec).toMatchObject({ requester, origin: { type: 'Workflow', run: 'outer', uid, task: 'call' } });
    expect(outputsOf(run, 'call')).toEqual({ run: child?.metadata.name, status: 'Succeeded' });
  });

  it.concurrent(
    'tells at the top of a deep chain which task failed at its bottom, and why',
    FULL,
    async ({ scenario }) => {
      const levels = 5;
      const named = (level: number) => `level-${level}-of-a-deep-chain-of-workflows`;
      const callOf = (level: number) => call(`call-${level}-with-a-long-name-of-its-own`, named(level + 1));
      const chain = Array.from({ length: levels }, (_, level) => workflow(named(level), { tasks: [callOf(level)] }));
      await scenario.given(
        ...chain,
        workflow(named(levels), { tasks: [script('deploy', 'exit 7')] }),
        workflowRun('top', named(0)),
      );
      const run = await scenario.ended('top');
      const { message } = conditionOf(run, 'Succeeded');
      expect(message).toMatch(/^task call-0-.*: ChildFailed: run top-.*… .*: TaskFailed: task deploy: ExitCode: .*7/);
    },
  );

  it.concurrent('fails with what its run says, and retries with another run', FULL, async ({ scenario }) => {
    const retry = { limit: 1, backoff: { duration: '1s' } };
    await scenario.given(
      workflow('broken', { tasks: [script('one', 'exit 7')] }),
      workflow('outer', { tasks: [call('call', 'broken', { retry })] }),
      workflowRun('outer', 'outer'),
    );
    const run = await scenario.ended('outer');
    const row = rowOf(run, 'call');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'ChildFailed', attempt: 1 });
    expect(row.message).toMatch(/^run outer-call-1-[0-9a-f]{8}: TaskFailed: .*one/s);
    expect(await runsOf(scenario, 'broken')).toHaveLength(2);
  });

  it.concurrent('is started again when somebody deletes its run', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('inner', { tasks: [script('first', WAITS, { terminationGracePeriodSeconds: 1 })] }),
      workflow('outer', { tasks: [call('call', 'inner')] }),
      workflowRun('outer', 'outer'),
    );
    const first = await firstOf(scenario, 'inner');
    await scenario.podRuns('first');
    await scenario.kubectl(['delete', 'awr', first.metadata.name]);
    const second = await scenario.until('there is another run', async () =>
      (await runsOf(scenario, 'inner')).find(({ metadata }) => metadata.uid !== first.metadata.uid),
    );
    expect(second.metadata.labels).toMatchObject({ 'flow.ado.dev/attempt': '1' });
    const pod = await scenario.until('its pod runs', async () =>
      (await scenario.pods()).find(
        ({ metadata, status }) =>
          metadata.labels?.['flow.ado.dev/run'] === second.metadata.name && status?.phase === 'Running',
      ),
    );
    await scenario.kubectl(['exec', pod.metadata.name, '--', 'touch', '/tmp/now']);
    expect(conditionOf(await scenario.ended('outer'), 'Succeeded').status).toBe('True');
  });

  it.concurrent('waits for a Workflow that is not there yet', async ({ scenario }) => {
    await scenario.given(workflow('outer', { tasks: [call('call', 'late')] }), workflowRun('outer', 'outer'));
    const child = await firstOf(scenario, 'late');
    await scenario.runIs(child.metadata.name, 'waits', ({ status }) => status?.phase === 'Pending');
    await scenario.given(workflow('late', { tasks: [script('only', 'true')] }));
    expect(conditionOf(await scenario.ended('outer'), 'Succeeded').status).toBe('True');
  });
});

describe('stopping', () => {
  it.concurrent('a run cancels the runs that it waits for, and waits until they have ended', async ({ scenario }) => {
    await scenario.given(
      workflow('inner', { tasks: [script('deaf', 'sleep 600', { terminationGracePeriodSeconds: 1 })] }),
      workflow('outer', { tasks: [call('call', 'inner')] }),
      workflowRun('outer', 'outer'),
    );
    await scenario.podRuns('deaf');
    await scenario.kubectl(['patch', 'awr', 'outer', '--type=merge', '-p', '{"spec":{"desiredState":"Cancelled"}}']);
    const run = await scenario.ended('outer');
    const child = await firstOf(scenario, 'inner');
    expect([run, child].map(({ status }) => status?.phase)).toEqual(['Cancelled', 'Cancelled']);
    expect(child.spec.desiredState).toBe('Cancelled');
    expect(Date.parse(child.status?.finishedAt ?? '')).toBeLessThanOrEqual(Date.parse(run.status?.finishedAt ?? ''));
  });

  it.concurrent('the run that a task waits for fails the task', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('inner', { tasks: [script('deaf', 'sleep 600', { terminationGracePeriodSeconds: 1 })] }),
      workflow('outer', { tasks: [call('call', 'inner')] }),
      workflowRun('outer', 'outer'),
    );
    await scenario.podRuns('deaf');
    const { name } = (await firstOf(scenario, 'inner')).metadata;
    await scenario.kubectl(['patch', 'awr', name, '--type=merge', '-p', '{"spec":{"desiredState":"Cancelled"}}']);
    expect(rowOf(await scenario.ended('outer'), 'call')).toMatchObject({ phase: 'Failed', reason: 'ChildCancelled' });
  });

  it.concurrent('by deleting a run deletes the runs that it waits for, and their pods', async ({ scenario }) => {
    await scenario.given(
      workflow('inner', { tasks: [script('deaf', 'sleep 600', { terminationGracePeriodSeconds: 1 })] }),
      workflow('outer', { tasks: [call('call', 'inner')] }),
      workflowRun('outer', 'outer'),
    );
    await scenario.podRuns('deaf');
    await scenario.kubectl(['delete', 'awr', 'outer']);
    await scenario.until('all of it is gone', async () => {
      return (await scenario.runs()).length === 0 && (await scenario.pods()).length === 0;
    });
  });
});

describe('a run that nobody waits for', () => {
  it.concurrent('outlives the run that started it, and belongs to its own Workflow', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('alone', { tasks: [script('first', WAITS)] }),
      workflow('outer', { tasks: [{ name: 'call', workflow: { name: 'alone', wait: false } }] }),
      workflowRun('outer', 'outer'),
    );
    expect(conditionOf(await scenario.ended('outer'), 'Succeeded').status).toBe('True');
    const child = await firstOf(scenario, 'alone');
    const pod = await scenario.podRuns('first');
    const owned = await scenario.runIs(
      child.metadata.name,
      'has an owner',
      ({ metadata }) => !!metadata.ownerReferences,
    );
    expect(owned.metadata.ownerReferences).toMatchObject([{ kind: 'Workflow', name: 'alone' }]);
    await scenario.kubectl(['delete', 'awr', 'outer']);
    await scenario.kubectl(['exec', pod.metadata.name, '--', 'touch', '/tmp/now']);
    expect(conditionOf(await scenario.ended(child.metadata.name), 'Succeeded').status).toBe('True');
  });
});

describe('a Workflow that runs itself', () => {
  it.concurrent('ends after eight runs below the first, with a reason', async ({ scenario }) => {
    await scenario.given(workflow('again', { tasks: [call('call', 'again')] }), workflowRun('again', 'again'));
    const run = await scenario.ended('again');
    expect(rowOf(run, 'call')).toMatchObject({ phase: 'Failed', reason: 'ChildFailed' });
    const runs = await scenario.runs();
    expect(runs).toHaveLength(9);
    const deepest = runs.find(({ spec }) => spec.provenance?.depth === 8);
    expect(deepest && rowOf(deepest, 'call')).toMatchObject({ phase: 'Failed', reason: 'TooDeep' });
    expect(runs.every(({ metadata }) => metadata.name.length <= 52)).toBe(true);
  });
});
