import { describe, expect } from 'vitest';
import { it, stage, useOperator } from '../../support/e2e.ts';
import { signalEnds, signalsOf } from '../../support/people.ts';
import { follow } from '../../support/readme.ts';
import { conditionOf, outputsOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator({ admission: true });

const readme = (example: string, scenario: Scenario) =>
  follow(`examples/${example}/README.md`, scenario, stage().cluster);

describe('the README, followed word for word,', () => {
  it.concurrent('of approvals has two people ship a release', async ({ scenario }) => {
    await readme('approvals', scenario);
    const run = await scenario.ended('approved-release-1');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'approve')).toMatchObject({ approvers: ['jane', 'joe'], percent: 25 });
  });

  it.concurrent('of signals has data delivered', async ({ scenario }) => {
    await readme('signals', scenario);
    expect(conditionOf(await scenario.ended('order-1'), 'Succeeded')).toMatchObject({ status: 'True' });
    const items = await signalsOf(scenario);
    const sent = items.find(({ spec }) => spec.type === 'Data');
    expect((await signalEnds(scenario, sent?.metadata.name ?? '')).status).toMatchObject({ phase: 'Delivered' });
  });

  it.concurrent('of long-running work shows a chain of three runs', FULL, async ({ scenario }) => {
    await readme('long-running', scenario);
    const runs = await scenario.until(
      'the chain is over',
      async () => {
        const all = await scenario.runs();
        return all.length === 3 && all.every(({ status }) => status?.finishedAt !== undefined) && all;
      },
      { timeoutMs: 90_000 },
    );
    const reasons = runs.map((run) => conditionOf(run, 'Succeeded')?.reason).sort();
    expect(reasons).toEqual(['ContinuedAsNew', 'ContinuedAsNew', 'Succeeded']);
  });

  it.concurrent('of schedules shows the next five slots of each that is not suspended', FULL, async ({ scenario }) => {
    await readme('schedules', scenario);
    expect(conditionOf(await scenario.ended('report-now'), 'Succeeded')).toMatchObject({ status: 'True' });
    const { schedules = [] } = (await scenario.workflow('report')).status ?? {};
    expect(schedules.map(({ name, nextRuns = [] }) => `${name} ${nextRuns.length}`).sort()).toEqual([
      'check 0',
      'monthly 5',
      'morning 5',
    ]);
  });

  it.concurrent('of backfill pauses it, unless it was quicker', FULL, async ({ scenario }) => {
    await readme('backfill', scenario);
    await scenario.until('it is paused or over', async () =>
      ['Paused', 'Succeeded'].includes(
        await scenario.kubectl(['get', 'abf', 'first-days', '-o', 'jsonpath={.status.phase}']),
      ),
    );
    expect((await scenario.runs()).length).toBeGreaterThan(0);
  });
});
