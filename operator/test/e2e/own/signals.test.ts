import { describe, expect } from 'vitest';
import type { WorkflowSpec } from '../../../src/api/index.ts';
import { it, useOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { dataSignal, givenStaff, Person, saidOf, signalEnds, signalIs, signalWaits } from '../../support/people.ts';
import { conditionOf, eventsOf, outputsOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator({ admission: true });

type Task = WorkflowSpec['tasks'][number];
const wait = (name: string, more: Partial<Task['waitForSignal']> = {}): Task => ({ name, waitForSignal: more });

async function givenRun(scenario: Scenario, tasks: readonly Task[]): Promise<void> {
  await givenStaff(scenario);
  await scenario.given(workflow('order', { tasks: [...tasks] }), workflowRun('order', 'order'));
}

describe('a signal', () => {
  it.concurrent('carries who sent it, as the API server knows them', async ({ scenario }) => {
    await givenRun(scenario, [wait('paid', { values: [{ name: 'amount', type: 'Integer' }] })]);
    const ada = new Person(scenario, 'ada', ['accounting']);
    await ada.send(dataSignal('payment', 'order', 'paid', { amount: '42' }));
    expect(outputsOf(await scenario.ended('order'), 'paid')).toEqual({ amount: 42, sender: 'ada' });
    const { spec } = await signalEnds(scenario, 'payment');
    expect(spec.sender).toMatchObject({ username: 'ada' });
    expect(spec.sender?.groups).toContain('accounting');
    const forged = dataSignal('forged', 'order', 'paid');
    const sender = { username: 'bob' };
    const refused = await ada.refused(['create', '-f', '-'], {
      ...forged,
      spec: { ...(forged.spec as object), sender },
    });
    expect(refused).toContain('spec.sender');
  });

  it.concurrent('counts only from those who may send it, and the next one is looked at', async ({ scenario }) => {
    const account = `system:serviceaccount:${scenario.namespace}:payments`;
    const from = { users: [account], groups: ['accounting', 'system:serviceaccounts'] };
    await givenRun(scenario, [
      wait('first', { name: 'paid', from }),
      { ...wait('second', { name: 'paid', from }), needs: ['first'] },
    ]);
    const other = new Person(scenario, `system:serviceaccount:${scenario.namespace}:other`, ['system:serviceaccounts']);
    await new Person(scenario, 'eve').send(dataSignal('a-stranger', 'order', 'paid'));
    await other.send(dataSignal('b-robot', 'order', 'paid'));
    await new Person(scenario, account, ['system:serviceaccounts']).send(dataSignal('c-named', 'order', 'paid'));
    await new Person(scenario, 'ada', ['accounting']).send(dataSignal('d-group', 'order', 'paid'));
    const run = await scenario.ended('order');
    expect([outputsOf(run, 'first'), outputsOf(run, 'second')]).toEqual([{ sender: account }, { sender: 'ada' }]);
    for (const name of ['a-stranger', 'b-robot']) {
      const rejected = await signalEnds(scenario, name);
      expect(rejected.status).toMatchObject({ phase: 'Rejected', run: 'order' });
      expect(saidOf(rejected)).toMatchObject({ reason: 'NotAllowed' });
    }
  });

  it.concurrent('that does not fit says which value, why and what would', async ({ scenario }) => {
    const values = [
      { name: 'amount', type: 'Integer' as const, minimum: 1 },
      { name: 'currency', enum: ['EUR', 'USD'], default: 'EUR' },
    ];
    await givenRun(scenario, [wait('paid', { values })]);
    const ada = new Person(scenario, 'ada');
    const wrong = {
      a: { amount: 'much' },
      b: { amount: '0' },
      c: { amount: '5', currency: 'CHF' },
      d: {},
      e: { sum: '5' },
    };
    for (const [name, data] of Object.entries(wrong)) await ada.send(dataSignal(name, 'order', 'paid', data));
    const said = await Promise.all(Object.keys(wrong).map(async (name) => saidOf(await signalEnds(scenario, name))));
    expect(said.map(({ reason }) => reason)).toEqual(Array(5).fill('ValuesInvalid'));
    const positions = said.map(({ message }) => /^values\.\w+: /.exec(message)?.[0]);
    expect(positions).toEqual([
      'values.amount: ',
      'values.amount: ',
      'values.currency: ',
      'values.amount: ',
      'values.sum: ',
    ]);
    await ada.send(dataSignal('right', 'order', 'paid', { amount: '5' }));
    expect(outputsOf(await scenario.ended('order'), 'paid')).toEqual({ amount: 5, currency: 'EUR', sender: 'ada' });
  });

  it.concurrent('is taken in order by a loop, each once, whether it came before or after', async ({ scenario }) => {
    const ada = new Person(scenario, 'ada');
    await givenStaff(scenario);
    for (const index of [0, 1, 2]) await ada.send(dataSignal(`s-${index}`, 'order', 'tick'));
    const loop = { until: 'iteration == 5', maxIterations: 6 };
    await givenRun(scenario, [{ ...wait('tick'), loop }]);
    await signalEnds(scenario, 's-2');
    for (const index of [3, 4, 5]) await ada.send(dataSignal(`s-${index}`, 'order', 'tick'));
    const run = await scenario.ended('order');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    const taken = eventsOf(run).flatMap((event) =>
      event.type === 'Judged' && event.object !== undefined ? [`${event.object} ${event.path}`] : [],
    );
    expect(taken).toEqual([0, 1, 2, 3, 4, 5].map((index) => `s-${index} tick/${index}`));
  });

  it.concurrent('is awaited for a time, and then the task fails or goes on', FULL, async ({ scenario }) => {
    await givenRun(scenario, [
      wait('strict', { expiresAfter: '2s' }),
      wait('easy', { expiresAfter: '2s', onExpiry: 'Continue', values: [{ name: 'n', default: 'none' }] }),
      script('after', 'test "$N" = none', { needs: ['easy'], env: { N: '${{ tasks.easy.outputs.n }}' } }),
    ]);
    const run = await scenario.ended('order');
    const rows = new Map(run.status?.tasks?.map((row) => [row.path, row]));
    expect(rows.get('strict')).toMatchObject({ phase: 'Failed', reason: 'Expired' });
    expect(rows.get('after')).toMatchObject({ phase: 'Succeeded' });
    expect((await signalEnds(scenario, 'order-strict')).status).toMatchObject({ phase: 'Expired' });
  });

  it.concurrent('is shown by kubectl with what it waits for, and a run with who unblocks it', async ({ scenario }) => {
    await givenRun(scenario, [wait('paid', { from: { groups: ['accounting'] }, expiresAfter: '24h' })]);
    await signalWaits(scenario, 'order-paid');
    const shown = await scenario.kubectl(['get', 'asig']);
    expect(shown.split('\n')[0]?.split(/\s+/)).toEqual(
      expect.arrayContaining(['TYPE', 'RUN', 'PHASE', 'WAITING-FOR', 'VOTES', 'EXPIRES']),
    );
    expect(shown).toMatch(/order-paid\s+Input\s+order\s+Pending\s+a signal from group accounting\s+.*Z/);
    const row = await scenario.taskIs('order', 'paid', 'says how', ({ message }) => message !== undefined);
    expect(row.message).toMatch(/^waits for a signal from group accounting; kubectl .*order/);
    expect((await scenario.run('order')).status?.waitingFor).toBe('1 Signal');
    await new Person(scenario, 'ada', ['accounting']).answer('order-paid', { comment: 'done' });
    expect(outputsOf(await scenario.ended('order'), 'paid')).toMatchObject({ sender: 'ada' });
    await signalIs(scenario, 'order-paid', 'has been delivered', ({ status }) => status?.phase === 'Delivered');
  });
});
