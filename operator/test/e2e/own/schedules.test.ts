import { describe, expect } from 'vitest';
import { epochOf, type Schedule, timeOf, type WorkflowRun, type WorkflowSpec } from '../../../src/api/index.ts';
import { newestSlots, ruleOf, runNameOf, slotsOf } from '../../../src/schedules/index.ts';
import { it, useOperator } from '../../support/e2e.ts';
import { script, workflow } from '../../support/manifests.ts';
import { conditionOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator();

const EVERY_TWO_SECONDS = '*/2 * * * * *';

const scheduled = (schedule: Omit<Schedule, 'name'>, more: Partial<WorkflowSpec> = {}) =>
  workflow('tick', {
    triggers: { schedules: [{ name: 'often', ...schedule }] },
    retention: { succeeded: { count: 1000 } },
    tasks: [{ name: 'nothing', compute: { done: 'true' } }],
    ...more,
  });

const entryOf = async (scenario: Scenario) => (await scenario.workflow('tick')).status?.schedules?.[0];

const slotsWithRuns = (runs: readonly WorkflowRun[]): string[] =>
  runs.map(({ spec }) => spec.origin?.slot ?? '').sort();

/** Waits until the schedule has decided about slots for so many seconds from now. */
async function pass(scenario: Scenario, seconds: number): Promise<void> {
  const until = timeOf(Date.now() + seconds * 1000);
  await scenario.until(
    `slots up to ${until} are decided`,
    async () => ((await entryOf(scenario))?.lastSlot ?? '') >= until,
  );
}

/** Every slot from the first run to the mark, one run each. */
async function expectEverySlotOnce(scenario: Scenario, cron: string): Promise<void> {
  const { lastSlot = '' } = (await entryOf(scenario)) ?? {};
  const runs = (await scenario.runs()).filter(({ spec }) => (spec.origin?.slot ?? '') <= lastSlot);
  const found = slotsWithRuns(runs);
  const first = epochOf(found[0]) ?? 0;
  const rule = slotsOf(ruleOf({ name: 'often', cron }));
  const { slots } = newestSlots(rule, first - 1000, epochOf(lastSlot) ?? 0, 2000);
  expect(found).toEqual(slots.map(timeOf));
  const uid = (await scenario.workflow('tick')).metadata.uid ?? '';
  const identity = { workflow: 'tick', uid, schedule: 'often' };
  expect(runs.map(({ metadata }) => metadata.name).sort()).toEqual(
    slots.map((slot) => runNameOf(identity, slot)).sort(),
  );
}

describe('a schedule', () => {
  it.concurrent('starts one run a slot, and says what comes next', async ({ scenario }) => {
    const parameters = [{ name: 'when' }];
    const values = { when: '${{ schedule.name }} at ${{ schedule.slot }}' };
    await scenario.given(
      scheduled({ cron: EVERY_TWO_SECONDS, catchUp: 'All', overlap: 'Allow', with: values }, { parameters }),
    );
    await pass(scenario, 7);
    await expectEverySlotOnce(scenario, EVERY_TWO_SECONDS);
    const [run] = await scenario.runs();
    const slot = run?.spec.origin?.slot ?? '';
    expect(run?.spec.origin).toEqual({ type: 'Schedule', schedule: 'often', slot });
    expect(run?.spec.parameters).toEqual([{ name: 'when', value: `often at ${slot}` }]);
    const entry = await entryOf(scenario);
    expect(entry?.nextRuns).toHaveLength(5);
    expect(entry?.missed).toBeUndefined();
    const columns = await scenario.kubectl(['get', 'awf', 'tick']);
    expect(columns).toMatch(/NEXT-RUN +LAST-SCHEDULE/);
    expect(columns).toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +\d+s/);
  });

  it.concurrent('lets slots pass while its run is under way, and says so', async ({ scenario }) => {
    await scenario.given(
      scheduled({ cron: EVERY_TWO_SECONDS }, { tasks: [{ name: 'nap', sleep: { duration: '600s' } }] }),
    );
    const entry = await scenario.until('slots were skipped', async () => {
      const found = await entryOf(scenario);
      return (found?.skipped ?? 0) >= 2 && found;
    });
    expect(await scenario.runs()).toHaveLength(1);
    expect(entry).toMatchObject({ reason: 'SlotSkipped', started: 1 });
    expect(entry.message).toContain(entry.lastRun?.name);
  });

  it.concurrent(
    'queues slots, and starts the next when the run before has ended or is gone',
    FULL,
    async ({ scenario }) => {
      const nap = { tasks: [{ name: 'nap', sleep: { duration: '600s' } }] };
      await scenario.given(scheduled({ cron: EVERY_TWO_SECONDS, overlap: 'Queue', maxQueued: 2 }, nap));
      const full = await scenario.until('the queue is full', async () => {
        const found = await entryOf(scenario);
        return found?.queued?.length === 2 && (found.skipped ?? 0) > 0 && found;
      });
      const [head, second] = full.queued ?? [];
      await scenario.kubectl(['delete', 'awr', full.lastRun?.name ?? '']);
      const runOf = async (slot: string | undefined) =>
        (await scenario.runs()).find(({ spec }) => spec.origin?.slot === slot);
      const { name } = (await scenario.until('the head of the queue runs', () => runOf(head))).metadata;
      await scenario.kubectl(['patch', 'awr', name, '--type=merge', '-p', '{"spec":{"desiredState":"Cancelled"}}']);
      await scenario.until('the next one runs', () => runOf(second));
      const active = (await scenario.runs()).filter(({ status }) => !status?.finishedAt);
      expect(active).toHaveLength(1);
    },
  );

  it.concurrent('cancels the run that is under way, and has one at a time', FULL, async ({ scenario }) => {
    const nap = { tasks: [{ name: 'nap', sleep: { duration: '600s' } }] };
    await scenario.given(scheduled({ cron: EVERY_TWO_SECONDS, overlap: 'CancelRunning' }, nap));
    const runs = await scenario.until('three runs were started', async () => {
      const found = await scenario.runs();
      return found.length >= 3 && found;
    });
    const oldest = slotsWithRuns(runs)[0];
    const first = runs.find(({ spec }) => spec.origin?.slot === oldest);
    expect(first && conditionOf(first, 'Succeeded').reason).toBe('Cancelled');
    expect(runs.filter(({ status }) => !status?.finishedAt).length).toBeLessThanOrEqual(1);
  });

  it.concurrent('starts nothing while suspended, and goes on from when it is resumed', FULL, async ({ scenario }) => {
    const often = { cron: EVERY_TWO_SECONDS, catchUp: 'All', overlap: 'Allow' } as const;
    await scenario.given(scheduled(often));
    await pass(scenario, 1);
    await scenario.given(scheduled({ ...often, suspend: true }));
    const entry = await scenario.until('it is suspended', async () => {
      const found = await entryOf(scenario);
      return found?.suspended && found;
    });
    expect(entry.reason).toBe('ScheduleSuspended');
    const before = slotsWithRuns(await scenario.runs());
    const wait = Date.now() + 5000;
    await scenario.until('slots have passed', async () => Date.now() > wait);
    expect(slotsWithRuns(await scenario.runs())).toEqual(before);
    const resumedAt = timeOf(Date.now());
    await scenario.given(scheduled(often));
    await pass(scenario, 3);
    const after = slotsWithRuns(await scenario.runs()).filter((slot) => !before.includes(slot));
    expect(after.length).toBeGreaterThan(0);
    for (const slot of after) expect(slot >= resumedAt).toBe(true);
  });

  it.concurrent(
    'goes on with the last valid definition when an edit is not valid, and says so',
    FULL,
    async ({ scenario }) => {
      const often = { cron: EVERY_TWO_SECONDS, catchUp: 'All', overlap: 'Allow' } as const;
      await scenario.given(scheduled(often));
      await pass(scenario, 1);
      await scenario.given(
        scheduled({ ...often, cron: '61 * * * * *' }, { tasks: [script('broken', 'true', { needs: ['none'] })] }),
      );
      const seen = await scenario.workflowIs('tick', 'False');
      const { message } = conditionOf(seen, 'Ready');
      expect(message).toContain('spec.triggers.schedules[0].cron: "61" is not a valid second (0–59) (column 1)');
      expect(message).toContain('schedules keep using the last valid definition');
      await pass(scenario, 5);
      await expectEverySlotOnce(scenario, EVERY_TWO_SECONDS);
      const runs = await scenario.runs();
      const last = runs.at(-1)?.metadata.name ?? '';
      expect(conditionOf(await scenario.ended(last), 'Succeeded').status).toBe('True');
    },
  );
});
