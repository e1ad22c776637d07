/**
 * Who: somebody who may write Workflows, Backfills and runs of the namespace, and answer signals. The webhook is on.
 * What they try: to approve what they have asked for themselves, by having something else ask: onChange, a Backfill, the
 * end of a run of theirs, a run that another person repeats.
 * What must be: none of it is theirs to approve, the runs say who asked, and somebody else decides.
 */
import { describe, expect } from 'vitest';
import { API_VERSION, type Approval, GROUP, timeOf, type WorkflowRun, type WorkflowSpec } from '../../src/api/index.ts';
import { Attacker } from '../support/attacker.ts';
import { it, useOperator } from '../support/e2e.ts';
import { type Manifest, workflow, workflowRun } from '../support/manifests.ts';
import { givenStaff, Person, signalWaits } from '../support/people.ts';
import type { Scenario } from '../support/scenario.ts';

useOperator({ admission: true });

const DAY_MS = 86_400_000;
const approval: Approval = { message: 'Ship?', notRequester: true };
const asks: WorkflowSpec['tasks'] = [{ name: 'approve', approval }];
const verbs = ['get', 'list', 'create', 'patch', 'update'];
const RIGHTS = { group: GROUP, resources: ['workflows', 'workflowruns', 'backfills', 'signals'], verbs };
const APPROVE = ['--type=merge', '-p', '{"spec":{"decision":"Approve"}}'];

/** The first run of a Workflow that asks. */
const asking = (scenario: Scenario, name: string): Promise<WorkflowRun> =>
  scenario.until(`a run of ${name} asks`, async () => {
    const runs = (await scenario.runs()).filter(({ spec }) => spec.workflowRef.name === name);
    return runs.find(({ status }) => status?.waitingFor?.includes('Approval'));
  });

/** What they are refused with who try to approve it; then somebody else does. */
async function decided(scenario: Scenario, run: WorkflowRun, excluded: readonly string[]): Promise<void> {
  const { name } = run.metadata;
  const path = `${name}-approve`;
  await signalWaits(scenario, path);
  expect(run.status?.requesters?.usernames).toEqual(expect.arrayContaining([...excluded]));
  expect(run.status?.requesters).not.toHaveProperty('unknown');
  for (const user of excluded) {
    expect(await new Person(scenario, user).refused(['patch', 'asig', path, ...APPROVE])).toContain(
      'may not decide it',
    );
  }
  await new Person(scenario, 'cyd').kubectl(['patch', 'asig', path, ...APPROVE]);
  expect((await scenario.ended(name)).status?.phase).toBe('Succeeded');
}

describe('those who asked', () => {
  it('of what led to a run do not approve it', async ({ scenario }) => {
    await givenStaff(scenario);
    const mallory = await Attacker.with(scenario, RIGHTS);
    const triggers = { onChange: { of: ['Tasks' as const] }, schedules: [{ name: 'daily', cron: '0 3 * * *' }] };
    await mallory.create(workflow('theirs', { tasks: asks, triggers }));
    const changed = await asking(scenario, 'theirs');
    await decided(scenario, changed, ['mallory']);

    const yesterday = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
    const spec = { workflow: 'theirs', schedule: 'daily', from: timeOf(yesterday), to: timeOf(yesterday + DAY_MS) };
    const backfill: Manifest = { apiVersion: API_VERSION, kind: 'Backfill', metadata: { name: 'again' }, spec };
    await mallory.create(backfill);
    await decided(scenario, await asking(scenario, 'theirs'), ['mallory']);

    await scenario.given(
      workflow('build', { tasks: [{ name: 'nothing', compute: { done: 'true' } }] }),
      workflow('ship', { tasks: asks, triggers: { completions: [{ name: 'built', workflow: 'build' }] } }),
    );
    await scenario.until('the trigger counts', async () =>
      (await scenario.workflow('ship')).status?.completions?.some(({ since }) => since !== ''),
    );
    await mallory.create(workflowRun('built', 'build'));
    const shipped = await asking(scenario, 'ship');
    await decided(scenario, shipped, ['mallory']);

    const { name: run } = shipped.metadata;
    const repeats = workflowRun('repeated', 'ship');
    const from = { run, mode: 'Rerun' as const };
    const repeated = { ...repeats, spec: { ...(repeats.spec as object), from } };
    await new Person(scenario, 'bob').kubectl(['create', '-f', '-'], repeated);
    await decided(scenario, await asking(scenario, 'ship'), ['mallory', 'bob']);
  });
});
