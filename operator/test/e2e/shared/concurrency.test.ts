import { describe, expect } from 'vitest';
import type { WorkflowRun } from '../../../src/api/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

type Concurrency = { key?: string; limit?: number; policy?: 'Queue' | 'Skip' | 'CancelRunning' };

const limited = (seconds: number, concurrency: Concurrency): Manifest =>
  workflow('w', {
    concurrency,
    parameters: [{ name: 'env', default: 'dev' }],
    defaults: { terminationGracePeriodSeconds: 1 },
    tasks: [script('work', `sleep ${seconds}`)],
  });
const withSpec = (run: Manifest, more: object): Manifest => ({ ...run, spec: { ...(run.spec as object), ...more } });
const reasonOf = (run: WorkflowRun) => conditionOf(run, 'Succeeded').reason;
const isActive = ({ status }: WorkflowRun) => status?.startedAt !== undefined && status.finishedAt === undefined;
const isQueued = (scenario: Scenario, name: string) =>
  scenario.runIs(
    name,
    'is queued',
    ({ status }) =>
      status?.conditions?.some(({ type, reason }) => type === 'Succeeded' && reason === 'Queued') ?? false,
  );
const want = (scenario: Scenario, run: string, desiredState: string) =>
  scenario.kubectl(['patch', 'awr', run, '--type=merge', '-p', JSON.stringify({ spec: { desiredState } })]);

/** Whether any two runs were under way at once, as their status says. */
function overlaps(runs: readonly WorkflowRun[]): string[] {
  const spans = runs.flatMap(({ metadata, status }) =>
    status?.startedAt ? [{ name: metadata.name, from: status.startedAt, to: status.finishedAt ?? '9' }] : [],
  );
  return spans.flatMap((a) =>
    spans.filter((b) => a.name < b.name && a.from < b.to && b.from < a.to).map((b) => `${a.name} and ${b.name}`),
  );
}

describe('the limit of a workflow', () => {
  it.concurrent('lets runs wait for their turn: by priority, then by age', async ({ scenario }) => {
    await scenario.given(limited(2, {}));
    await scenario.workflowIs('w', 'True');
    await scenario.given(workflowRun('first', 'w'));
    await scenario.runIs('first', 'is under way', isActive);
    await scenario.given(workflowRun('second', 'w'), withSpec(workflowRun('urgent', 'w'), { priority: 10 }));
    const queued = await isQueued(scenario, 'second');
    expect(queued.status?.phase).toBe('Pending');
    expect(conditionOf(queued, 'Succeeded').message).toMatch(
      /^queued: 1 of at most 1 run in progress, oldest: \w+; position [12]$/,
    );
    const runs = [await scenario.ended('first'), await scenario.ended('urgent'), await scenario.ended('second')];
    expect(runs.map(({ status }) => status?.phase)).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
    expect(overlaps(runs)).toEqual([]);
    const order = [...runs].sort((a, b) => String(a.status?.startedAt).localeCompare(String(b.status?.startedAt)));
    expect(order.map(({ metadata }) => metadata.name)).toEqual(['first', 'urgent', 'second']);
  });

  it.concurrent('holds for each key by itself', FULL, async ({ scenario }) => {
    await scenario.given(limited(600, { key: 'params.env' }));
    await scenario.workflowIs('w', 'True');
    await scenario.given(workflowRun('dev', 'w'), workflowRun('prod', 'w', { env: 'prod' }));
    for (const name of ['dev', 'prod']) await scenario.runIs(name, 'is under way', isActive);
    await scenario.given(workflowRun('dev2', 'w'));
    await isQueued(scenario, 'dev2');
    await want(scenario, 'prod', 'Terminated');
    await scenario.ended('prod');
    expect(isActive(await scenario.run('dev2'))).toBe(false);
    await want(scenario, 'dev', 'Terminated');
    await scenario.runIs('dev2', 'is under way', isActive);
    await want(scenario, 'dev2', 'Terminated');
  });

  it.concurrent('starts no run beyond it that is to be skipped', async ({ scenario }) => {
    await scenario.given(limited(600, { policy: 'Skip', limit: 2 }));
    await scenario.workflowIs('w', 'True');
    await scenario.given(workflowRun('a', 'w'), workflowRun('b', 'w'));
    for (const name of ['a', 'b']) await scenario.runIs(name, 'is under way', isActive);
    await scenario.given(workflowRun('c', 'w'));
    const skipped = await scenario.ended('c');
    expect([skipped.status?.phase, reasonOf(skipped)]).toEqual(['Cancelled', 'ConcurrencySkipped']);
    expect(conditionOf(skipped, 'Succeeded').message).toBe('not started: 2 of at most 2 runs in progress, oldest: a');
    for (const name of ['a', 'b']) await want(scenario, name, 'Terminated');
  });

  it.concurrent('lets the newest run take the place of the one that is under way, once that has ended', async ({
    scenario,
  }) => {
    await scenario.given(limited(600, { policy: 'CancelRunning' }));
    await scenario.workflowIs('w', 'True');
    await scenario.given(workflowRun('old', 'w'));
    await scenario.podRuns('work');
    await scenario.given(workflowRun('zz-new', 'w'));
    await scenario.runIs('zz-new', 'is under way', isActive);
    const old = await scenario.run('old');
    expect([old.spec.desiredState, old.status?.phase, reasonOf(old)]).toEqual(['Cancelled', 'Cancelled', 'Cancelled']);
    expect(overlaps(await scenario.runs())).toEqual([]);
    await want(scenario, 'zz-new', 'Terminated');
  });

  it.concurrent(
    'lets nobody start in place of a run that was stopped or deleted while it waited',
    FULL,
    async ({ scenario }) => {
      await scenario.given(limited(600, {}));
      await scenario.workflowIs('w', 'True');
      await scenario.given(workflowRun('a', 'w'));
      await scenario.runIs('a', 'is under way', isActive);
      const waiting = ['b', 'c', 'd', 'e'];
      await scenario.given(...waiting.map((name) => workflowRun(name, 'w')));
      for (const name of waiting) await isQueued(scenario, name);
      await want(scenario, 'b', 'Terminated');
      const stopped = await scenario.ended('b');
      expect([stopped.status?.phase, reasonOf(stopped)]).toEqual(['Cancelled', 'Terminated']);
      await scenario.kubectl(['delete', 'awr', 'c']);
      await want(scenario, 'd', 'Paused');
      expect((await scenario.runs()).filter(isActive).map(({ metadata }) => metadata.name)).toEqual(['a']);
      await want(scenario, 'a', 'Terminated');
      await scenario.runIs('e', 'is under way', isActive);
      expect((await scenario.runs()).filter(isActive).map(({ metadata }) => metadata.name)).toEqual(['e']);
      await want(scenario, 'd', 'Running');
      await want(scenario, 'e', 'Terminated');
      await scenario.runIs('d', 'is under way', isActive);
      await want(scenario, 'd', 'Terminated');
    },
  );

  it.concurrent('may be raised while runs wait', FULL, async ({ scenario }) => {
    await scenario.given(limited(600, {}));
    await scenario.workflowIs('w', 'True');
    await scenario.given(workflowRun('a', 'w'), workflowRun('b', 'w'));
    await scenario.until('one is under way', async () => (await scenario.runs()).some(isActive));
    const { digest } = (await scenario.workflow('w')).status?.definition ?? {};
    await scenario.given(limited(600, { limit: 2 }));
    for (const name of ['a', 'b']) await scenario.runIs(name, 'is under way', isActive);
    expect((await scenario.workflow('w')).status?.definition?.digest).toBe(digest);
    for (const name of ['a', 'b']) await want(scenario, name, 'Terminated');
  });
});
