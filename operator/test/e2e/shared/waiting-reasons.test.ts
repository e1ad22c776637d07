import { describe, expect } from 'vitest';
import type { TaskRow } from '../../../src/api/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const defaults = { terminationGracePeriodSeconds: 1 };
const LONG = 'sleep 600';

const want = (scenario: Scenario, run: string, desiredState: string) =>
  scenario.kubectl(['patch', 'awr', run, '--type=merge', '-p', JSON.stringify({ spec: { desiredState } })]);

/** What kubectl shows in the column of what a run waits for. */
async function column(scenario: Scenario, run: string): Promise<string> {
  const [head = '', row = ''] = (await scenario.kubectl(['get', 'awr', run])).split('\n');
  const [heading] = /WAITING-FOR\s+/.exec(head) ?? [''];
  const from = head.indexOf(heading);
  return row.slice(from, from + heading.length).trim();
}

/** Waits until a task waits for a reason, and checks that it says since when. */
async function waits(scenario: Scenario, run: string, path: string, reason: string): Promise<TaskRow> {
  const row = await scenario.taskIs(run, path, `waits: ${reason}`, (seen) => seen.reason === reason);
  expect(row.message, JSON.stringify(row)).toBeTruthy();
  return row;
}

const since = ({ since: at = '' }: TaskRow) => Date.parse(at);

describe('a task that waits', () => {
  it.concurrent('for a node has the words of the scheduler, and stands in the column of the run', async ({
    scenario,
  }) => {
    await scenario.given(
      workflow('homeless', {
        defaults,
        tasks: [
          script('homeless', 'true', { nodeSelector: { planet: 'mars' } }),
          script('greedy', 'true', { resources: { requests: { cpu: '900' } } }),
          script('after', 'true', { needs: ['homeless', 'greedy'] }),
        ],
      }),
      workflowRun('homeless', 'homeless'),
    );
    const homeless = await waits(scenario, 'homeless', 'homeless', 'Unschedulable');
    expect(homeless.message).toContain('node affinity/selector');
    expect(since(homeless)).toBeGreaterThan(0);
    expect((await waits(scenario, 'homeless', 'greedy', 'Unschedulable')).message).toContain('Insufficient cpu');
    const after = await waits(scenario, 'homeless', 'after', 'WaitingForNeeds');
    expect(after.message).toBe('waits for homeless, greedy');
    expect(since(after)).toBeGreaterThan(0);
    await scenario.runIs('homeless', 'says so', ({ status }) => status?.waitingFor === '2 Unschedulable');
    expect(await column(scenario, 'homeless')).toBe('2 Unschedulable');
    await want(scenario, 'homeless', 'Cancelled');
    const ended = await scenario.ended('homeless');
    expect(ended.status?.waitingFor).toBeUndefined();
  });

  it.concurrent('for an image names it', async ({ scenario }) => {
    const image = 'localhost:1/no/such-image:1';
    await scenario.given(
      workflow('imageless', { defaults, tasks: [script('pull', 'true', { image })] }),
      workflowRun('imageless', 'imageless'),
    );
    expect((await waits(scenario, 'imageless', 'pull', 'ImagePull')).message).toContain(image);
    await want(scenario, 'imageless', 'Cancelled');
    await scenario.ended('imageless');
  });

  it.concurrent('for a quota names the quota, and goes on when somebody raises it', FULL, async ({ scenario }) => {
    const quota = (pods: string) => ({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few-pods' },
      spec: { hard: { pods } },
    });
    await scenario.given(quota('1'));
    await scenario.until(
      'the quota is counted',
      async () =>
        (await scenario.kubectl(['get', 'resourcequota', 'few-pods', '-o', 'jsonpath={.status.hard.pods}'])) === '1',
    );
    await scenario.given(
      workflow('poor', { defaults, tasks: [script('first', LONG, { timeout: '30s' }), script('second', 'true')] }),
      workflowRun('poor', 'poor'),
    );
    const quotas = async () => {
      const { status } = await scenario.run('poor');
      return status?.tasks?.find(({ reason }) => reason === 'Quota');
    };
    const row = await scenario.until('a task waits for the quota', quotas);
    expect(row.phase).toBe('Pending');
    expect(row.message).toMatch(/exceeded quota: few-pods/);
    expect(since(row)).toBeGreaterThan(0);
    await scenario.given(quota('3'));
    await scenario.taskIs('poor', row.path, 'has started', ({ reason }) => reason !== 'Quota');
    await want(scenario, 'poor', 'Cancelled');
    await scenario.ended('poor');
  });

  it.concurrent(
    'for time says until when: asleep, in a backoff, and between two iterations',
    FULL,
    async ({ scenario }) => {
      const begun = Date.now() - 2000;
      await scenario.given(
        workflow('timed', {
          defaults,
          tasks: [
            { name: 'nap', sleep: { duration: '10m' } },
            script('fails', 'exit 7', { retry: { limit: 5, backoff: { duration: '10m', cap: '20m' } } }),
            { name: 'poll', compute: { n: 'iteration' }, loop: { until: 'false', delay: '10m' } },
          ],
        }),
        workflowRun('timed', 'timed'),
      );
      const inTenMinutes = ({ until = '' }: TaskRow) => {
        expect(Date.parse(until)).toBeGreaterThan(begun + 600_000);
        expect(Date.parse(until)).toBeLessThan(Date.now() + 602_000);
      };
      const nap = await waits(scenario, 'timed', 'nap', 'Sleeping');
      inTenMinutes(nap);
      expect(since(nap)).toBeGreaterThanOrEqual(begun - 1000);
      const fails = await waits(scenario, 'timed', 'fails', 'Backoff');
      inTenMinutes(fails);
      expect(fails).toMatchObject({ phase: 'Backoff', exitCode: 7 });
      expect(fails.message).toMatch(/^attempt 0 failed: ExitCode: .*7.*; retrying automatically$/);
      inTenMinutes(await waits(scenario, 'timed', 'poll', 'LoopDelay'));
      inTenMinutes(await waits(scenario, 'timed', 'poll/1', 'LoopDelay'));
      await scenario.runIs('timed', 'says so', ({ status }) => /1 Sleeping/.test(status?.waitingFor ?? ''));
      expect(await column(scenario, 'timed')).toMatch(/1 Backoff/);
      await want(scenario, 'timed', 'Cancelled');
      await scenario.ended('timed');
    },
  );

  it.concurrent('for other tasks or for a person says which, and who', async ({ scenario }) => {
    await scenario.given(
      workflow('crowded', {
        parallelism: 1,
        defaults,
        tasks: [script('first', LONG), script('second', 'true'), script('third', 'true', { needs: ['second'] })],
        finally: [script('report', 'true')],
      }),
      workflowRun('crowded', 'crowded'),
      workflow('paused', { tasks: [script('held', 'true')] }),
      { ...workflowRun('paused', 'paused'), spec: { workflowRef: { name: 'paused' }, desiredState: 'Paused' } },
    );
    const crowded = await waits(scenario, 'crowded', 'second', 'Parallelism');
    expect(crowded.message).toContain('spec.parallelism');
    expect((await waits(scenario, 'crowded', 'third', 'WaitingForNeeds')).message).toBe('waits for second');
    expect((await waits(scenario, 'crowded', 'report', 'WaitingForTasks')).message).toBe('runs after all other tasks');
    const held = await waits(scenario, 'paused', 'held', 'Paused');
    expect(held.message).toContain('desiredState');
    const paused = await scenario.run('paused');
    expect(paused.status).toMatchObject({ phase: 'Paused', waitingFor: '1 Paused' });
    await want(scenario, 'crowded', 'Cancelled');
    await want(scenario, 'paused', 'Running');
    expect(conditionOf(await scenario.ended('paused'), 'Succeeded').status).toBe('True');
    await scenario.ended('crowded');
  });

  it.concurrent('always has a reason, a message and a time', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('busy', {
        parallelism: 2,
        defaults,
        tasks: [
          script('a', 'sleep 2', { forEach: { items: [1, 2, 3], parallelism: 1 } }),
          script('b', '[ "$ADO_ATTEMPT" = 1 ]', { retry: { limit: 1, backoff: { duration: '2s' } } }),
          { name: 'c', sleep: { duration: '3s' } },
          script('d', 'true', { needs: ['a', 'b', 'c'] }),
        ],
        finally: [script('e', 'true')],
      }),
      workflowRun('busy', 'busy'),
    );
    let looked = 0;
    const run = await scenario.runIs('busy', 'is over', ({ status }) => {
      for (const row of status?.tasks ?? []) {
        if (row.phase !== 'Pending' && row.phase !== 'Backoff') continue;
        looked++;
        expect(row, JSON.stringify(row)).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
        expect(row.since ?? row.until, JSON.stringify(row)).toBeDefined();
      }
      return status?.finishedAt !== undefined;
    });
    expect(run.status?.phase).toBe('Succeeded');
    expect(looked).toBeGreaterThan(10);
  });
});
