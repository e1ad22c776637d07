import { describe, expect } from 'vitest';
import { API_VERSION, type Semaphore } from '../../../src/api/index.ts';
import { SEMAPHORES } from '../../../src/controllers/index.ts';
import type { Pod } from '../../../src/pods/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const semaphore = (name: string, spec: Semaphore['spec']): Manifest => ({
  apiVersion: API_VERSION,
  kind: 'Semaphore',
  metadata: { name },
  spec,
});
/** A workflow of one task that holds permits of `db` for some seconds. */
const holding = (name: string, seconds: number, permits = 1): Manifest =>
  workflow(name, {
    defaults: { terminationGracePeriodSeconds: 1 },
    tasks: [script('hold', `sleep ${seconds}`, { semaphores: [{ name: 'db', permits }] })],
  });
const stored = ({ client, namespace }: Scenario, name = 'db'): Promise<Semaphore> =>
  client.get<Semaphore>(SEMAPHORES, { name, namespace });
const holders = async (scenario: Scenario): Promise<string[]> =>
  (await stored(scenario)).status?.holders?.map(({ run }) => run) ?? [];
const isHeldBy = (scenario: Scenario, ...runs: string[]) =>
  scenario.until(`db is held by ${runs.join(', ') || 'nobody'}`, async () => {
    const seen = await holders(scenario);
    return String([...seen].sort()) === String([...runs].sort()) && seen.length === runs.length;
  });
const want = (scenario: Scenario, run: string, desiredState: string) =>
  scenario.kubectl(['patch', 'awr', run, '--type=merge', '-p', JSON.stringify({ spec: { desiredState } })]);

/** How many of these pods ran at once at most, by the clock of the node. */
function mostAtOnce(pods: readonly Pod[]): number {
  const spans = pods.map(({ status }) => {
    const ended = status?.containerStatuses?.[0]?.state?.terminated;
    return { from: Date.parse(ended?.startedAt ?? ''), to: Date.parse(ended?.finishedAt ?? '') };
  });
  return Math.max(...spans.map(({ from }) => spans.filter((other) => other.from <= from && from < other.to).length));
}

describe('a semaphore', () => {
  it.concurrent('lets no more tasks run at once than it has permits, and tells the others what they wait for', async ({
    scenario,
  }) => {
    const runs = ['a', 'b', 'c', 'd'];
    await scenario.given(semaphore('db', { permits: 1 }), holding('hold', 2));
    await scenario.workflowIs('hold', 'True');
    await scenario.given(...runs.map((run) => workflowRun(run, 'hold')));
    const waiting = await scenario.until('a run waits for its turn', async () =>
      (await scenario.runs()).find(({ status }) => status?.tasks?.some(({ reason }) => reason === 'Semaphore')),
    );
    expect(rowOf(waiting, 'hold').message).toMatch(
      /^waits for Semaphore db \(1 permit\): held by run [abcd] task hold since \S+Z; position [123]$/,
    );
    for (const run of runs) expect(conditionOf(await scenario.ended(run), 'Succeeded').status).toBe('True');
    expect(mostAtOnce(await scenario.pods())).toBe(1);
    await isHeldBy(scenario);
    const columns = await scenario.kubectl(['get', 'asem', 'db']);
    expect(columns).toMatch(/NAME\s+PERMITS\s+HELD\s+WAITING\s+AGE\s+db\s+1\s+0\s+0/);
  });

  it.concurrent(
    'is free again when whoever holds it is stopped or deleted, and a waiter that is stopped never holds it',
    FULL,
    async ({ scenario }) => {
      await scenario.given(semaphore('db', { permits: 1 }), holding('hold', 600));
      await scenario.workflowIs('hold', 'True');
      await scenario.given(workflowRun('first', 'hold'));
      await isHeldBy(scenario, 'first');
      await scenario.given(workflowRun('stopped', 'hold'));
      await scenario.taskIs('stopped', 'hold', 'waits', ({ reason }) => reason === 'Semaphore');
      await want(scenario, 'stopped', 'Terminated');
      await scenario.ended('stopped');
      await scenario.given(workflowRun('second', 'hold'));
      await want(scenario, 'first', 'Terminated');
      await isHeldBy(scenario, 'second');
      await scenario.given(workflowRun('third', 'hold'));
      await scenario.kubectl(['delete', 'awr', 'second', '--wait=false']);
      await isHeldBy(scenario, 'third');
      await want(scenario, 'third', 'Cancelled');
      await isHeldBy(scenario);
      expect((await scenario.pods()).map(({ metadata }) => metadata.labels?.['flow.ado.dev/run'])).not.toContain(
        'stopped',
      );
    },
  );

  it.concurrent('is waited for until it exists, and lets more in as soon as it has more', async ({ scenario }) => {
    await scenario.given(holding('hold', 600));
    await scenario.workflowIs('hold', 'True');
    await scenario.given(workflowRun('a', 'hold'), workflowRun('b', 'hold'));
    const row = await scenario.taskIs('a', 'hold', 'waits', ({ reason }) => reason === 'SemaphoreNotFound');
    expect(row.message).toBe(`Semaphore db not found in ${scenario.namespace}; create it or remove it from the task`);
    await scenario.given(semaphore('db', { permits: 1 }));
    await scenario.until('one of them holds it', async () => (await holders(scenario)).length === 1);
    await scenario.given(semaphore('db', { permits: 2 }));
    await isHeldBy(scenario, 'a', 'b');
    for (const run of ['a', 'b']) await want(scenario, run, 'Terminated');
    await isHeldBy(scenario);
  });

  it.concurrent(
    'takes turns by share, so that one with many items does not hold up another',
    FULL,
    async ({ scenario }) => {
      const items = (name: string, count: number): Manifest =>
        workflow(name, {
          tasks: [
            script('work', 'sleep 1', {
              forEach: { items: Array.from({ length: count }, (_, index) => index) },
              semaphores: [{ name: 'db', shareBy: 'run.workflow' }],
            }),
          ],
        });
      await scenario.given(semaphore('db', { permits: 1 }), items('many', 5), items('few', 1));
      await scenario.workflowIs('many', 'True');
      await scenario.workflowIs('few', 'True');
      await scenario.given(workflowRun('many', 'many'));
      await scenario.until('many hold and wait', async () => (await holders(scenario)).length === 1);
      await scenario.given(workflowRun('few', 'few'));
      const few = await scenario.ended('few');
      expect(conditionOf(few, 'Succeeded').status).toBe('True');
      expect((await scenario.run('many')).status?.finishedAt).toBeUndefined();
      await scenario.ended('many');
      expect(mostAtOnce(await scenario.pods())).toBe(1);
    },
  );

  it.concurrent('lets no more be taken in a period than its rate', FULL, async ({ scenario }) => {
    await scenario.given(
      semaphore('db', { permits: 10, rate: { count: 2, per: '8s' } }),
      workflow('calls', {
        tasks: [script('call', 'true', { forEach: { items: [1, 2, 3] }, semaphores: [{ name: 'db' }] })],
      }),
      workflowRun('calls', 'calls'),
    );
    const row = await scenario.taskIs('calls', 'call[2]', 'waits', ({ reason }) => reason === 'Semaphore');
    expect(row.message).toContain('the rate limit is 2 per 8s; next at ');
    const run = await scenario.ended('calls');
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
    const starts = (await scenario.pods()).map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '')).sort();
    expect((starts[2] ?? 0) - (starts[0] ?? 0)).toBeGreaterThanOrEqual(3_000);
  });
});
