import { describe, expect } from 'vitest';
import { API_VERSION, type Backfill, type BackfillSpec, timeOf, type WorkflowSpec } from '../../../src/api/index.ts';
import { BACKFILLS } from '../../../src/controllers/index.ts';
import { it, killOperator, useOperator } from '../../support/e2e.ts';
import { type Manifest, workflow } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator();

const DAYS = { from: '2026-03-01T00:00:00Z', to: '2026-03-11T00:00:00Z' };

const daily = (more: Partial<WorkflowSpec> = {}) =>
  workflow('load', {
    triggers: {
      schedules: [{ name: 'daily', cron: '0 3 * * *', with: { day: '${{ schedule.slot }}' } }],
    },
    parameters: [{ name: 'day' }],
    retention: { succeeded: { count: 0 }, failed: { count: 0 } },
    tasks: [{ name: 'nothing', compute: { day: 'params.day' } }],
    ...more,
  });

const backfill = (name: string, spec: Partial<BackfillSpec> = {}): Manifest => ({
  apiVersion: API_VERSION,
  kind: 'Backfill',
  metadata: { name },
  spec: { workflow: 'load', schedule: 'daily', ...DAYS, ...spec },
});

const read = (scenario: Scenario, name: string): Promise<Backfill> =>
  scenario.client.get<Backfill>(BACKFILLS, { name, namespace: scenario.namespace });

const until = (scenario: Scenario, name: string, what: string, holds: (found: Backfill) => boolean) =>
  scenario.until(`Backfill ${name} ${what}`, async () => {
    const found = await read(scenario, name);
    return holds(found) && found;
  });

const isOver = ({ status }: Backfill): boolean => status?.finishedAt !== undefined;
const reasonOf = ({ status }: Backfill) => status?.conditions?.find(({ type }) => type === 'Succeeded');

describe('a Backfill', () => {
  it.concurrent('runs each slot of its window once, whatever retention deletes meanwhile', async ({ scenario }) => {
    await scenario.given(daily(), backfill('march', { parallelism: 3 }));
    const over = await until(scenario, 'march', 'is over', isOver);
    expect(over.status?.counts).toEqual({ total: 10, existing: 0, succeeded: 10, failed: 0 });
    const columns = await scenario.kubectl(['get', 'abf', 'march']);
    expect(columns).toMatch(/STATE +PROGRESS/);
    expect(columns).toMatch(/Succeeded +10\/10/);
  });

  it.concurrent('counts what has a run, and does not run it again', async ({ scenario }) => {
    await scenario.given(daily({ retention: {} }), backfill('first', { to: '2026-03-04T00:00:00Z', parallelism: 3 }));
    await until(scenario, 'first', 'is over', isOver);
    await scenario.given(backfill('second', { to: '2026-03-06T00:00:00Z', order: 'NewestFirst' }));
    const over = await until(scenario, 'second', 'is over', isOver);
    expect(over.status?.counts).toEqual({ total: 5, existing: 3, succeeded: 2, failed: 0 });
    const runs = await scenario.runs();
    expect(runs).toHaveLength(5);
    const made = runs.filter(({ spec }) => spec.origin?.backfill === 'second').map(({ spec }) => spec.origin?.slot);
    expect(made).toEqual(expect.arrayContaining(['2026-03-04T03:00:00Z', '2026-03-05T03:00:00Z']));
  });

  it.concurrent('pauses, goes on, and is cancelled with the runs that are under way', FULL, async ({ scenario }) => {
    const nap = { tasks: [{ name: 'nap', sleep: { duration: '600s' } }], retention: {} };
    await scenario.given(daily(nap), backfill('long', { parallelism: 2 }));
    await until(scenario, 'long', 'has two runs', ({ status }) => status?.active?.length === 2);
    const set = (desiredState: string) =>
      scenario.kubectl(['patch', 'abf', 'long', '--type=merge', '-p', JSON.stringify({ spec: { desiredState } })]);
    await set('Paused');
    await until(scenario, 'long', 'is paused', ({ status }) => status?.phase === 'Paused');
    const [first] = await scenario.runs();
    await scenario.kubectl(['delete', 'awr', first?.metadata.name ?? '']);
    await until(scenario, 'long', 'counts the run that was deleted', ({ status }) => status?.counts?.failed === 1);
    expect(await scenario.runs()).toHaveLength(1);
    await set('Running');
    await until(scenario, 'long', 'has two runs again', ({ status }) => status?.active?.length === 2);
    await set('Cancelled');
    const over = await until(scenario, 'long', 'is over', isOver);
    expect(over.status?.phase).toBe('Cancelled');
    for (const run of await scenario.runs()) expect(conditionOf(run, 'Succeeded').reason).toBe('Cancelled');
    expect(
      await scenario.refused(['patch', 'abf', 'long', '--type=merge', '-p', '{"spec":{"desiredState":"Running"}}']),
    ).toContain('a cancelled Backfill cannot resume');
  });

  it.concurrent('waits for its schedule, and refuses a window that is empty, of the future or too large', async ({
    scenario,
  }) => {
    const future = timeOf(Date.now() + 3_600_000);
    await scenario.given(
      daily(),
      backfill('astray', { schedule: 'hourly' }),
      backfill('empty', { to: '2026-03-01T01:00:00Z' }),
      backfill('future', { to: future }),
      backfill('large', { from: '2020-01-01T00:00:00Z' }),
    );
    const waits = 'Workflow load has no valid schedule hourly; valid schedules: daily';
    const astray = await until(scenario, 'astray', 'waits', (found) => reasonOf(found)?.message === waits);
    expect(reasonOf(astray)?.reason).toBe('ScheduleNotFound');
    expect(astray.status?.phase).toBe('Pending');
    const expected = {
      empty: 'contains no slot of the schedule',
      future: 'set to earlier',
      large: 'more than 1000 slots',
    };
    for (const [name, message] of Object.entries(expected)) {
      const found = await until(scenario, name, 'is refused', isOver);
      expect(reasonOf(found)).toMatchObject({ status: 'False', reason: 'WindowInvalid' });
      expect(reasonOf(found)?.message).toContain(message);
    }
    expect(await scenario.runs()).toEqual([]);
  });

  it('goes on where it was when its operator is killed again and again', FULL, async ({ scenario }) => {
    await scenario.given(
      daily({ retention: { succeeded: { count: 1 } } }),
      backfill('killed', { to: '2026-06-01T00:00:00Z' }),
    );
    for (const done of [3, 20, 45]) {
      await until(scenario, 'killed', `has run ${done}`, ({ status }) => (status?.counts?.succeeded ?? 0) >= done);
      await killOperator();
    }
    const over = await until(scenario, 'killed', 'is over', isOver);
    expect(over.status?.counts).toEqual({ total: 92, existing: 0, succeeded: 92, failed: 0 });
  });
});
