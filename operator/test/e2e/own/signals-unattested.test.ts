import { describe, expect } from 'vitest';
import { API_VERSION, type Approval, type WorkflowSpec } from '../../../src/api/index.ts';
import { it, restartOperator, useOperator } from '../../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import {
  dataSignal,
  givenStaff,
  Person,
  saidOf,
  signalEnds,
  signalIs,
  signalOf,
  signalsOf,
  signalWaits,
} from '../../support/people.ts';
import { conditionOf, eventsOf, outputsOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator();

type Task = WorkflowSpec['tasks'][number];

/** A task that asks for an approval, also by answers that nobody vouches for. */
const approve = (approval: Partial<Approval>): Task => ({
  name: 'approve',
  approval: { message: 'Go?', allowUnattested: true, ...approval },
});
const wait = (name: string, more: Partial<Task['waitForSignal']> = {}): Task => ({
  name,
  waitForSignal: { allowUnattested: true, ...more },
});

/** Takes every finalizer away, as somebody may who is in a hurry, or has no operator any more. */
const NOT_HELD = JSON.stringify({ metadata: { finalizers: null } });

/** A run of a workflow of the same name, and people who may answer it. */
async function givenRun(scenario: Scenario, name: string, tasks: readonly Task[]): Promise<(who: string) => Person> {
  await givenStaff(scenario);
  await scenario.given(workflow(name, { tasks: [...tasks] }), workflowRun(name, name));
  return (who) => new Person(scenario, who, ['release']);
}

describe('an approval without the admission webhook', () => {
  it.concurrent('counts where the task says that it may', async ({ scenario }) => {
    const person = await givenRun(scenario, 'ship', [
      approve({ message: 'Ship ${{ run.name }}?', approvers: { groups: ['release'] } }),
      script('go', 'true', { needs: ['approve'] }),
    ]);
    const asked = await signalWaits(scenario, 'ship-approve');
    expect(asked.spec.request).toMatchObject({ message: 'Ship ship?', approvals: 1, groups: ['release'] });
    expect(asked.status).toMatchObject({ votes: '0/1', waitingFor: '1 approval by group release' });
    const run = await scenario.run('ship');
    expect(run.status).toMatchObject({ waitingFor: '1 Approval' });
    expect(run.status?.tasks?.[0]?.message).toMatch(/1 approval by group release; kubectl patch asig ship-approve /);
    await person('ada').respond('ship-approve', { decision: 'Approve', comment: 'fine' });
    const ended = await scenario.ended('ship');
    expect(conditionOf(ended, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(ended, 'approve')).toEqual({ decision: 'Approve', approvers: ['ada'], comment: 'fine' });
    const signal = await signalEnds(scenario, 'ship-approve');
    expect(signal.status).toMatchObject({ phase: 'Delivered', decision: 'Approve', votes: '1/1', run: 'ship' });
    expect(signal.status?.responses).toEqual([{ username: 'ada', counts: true }]);
    expect(saidOf(signal)).toMatchObject({ reason: 'Approved' });
  });

  it.concurrent('does not count where the task does not say so, and says why', async ({ scenario }) => {
    const person = await givenRun(scenario, 'ship', [approve({ allowUnattested: false })]);
    await signalWaits(scenario, 'ship-approve');
    await person('ada').respond('ship-approve', { decision: 'Approve' });
    const judged = await signalIs(scenario, 'ship-approve', 'says why', ({ status }) => !!status?.responses?.length);
    expect(judged.status).toMatchObject({
      ...{ phase: 'Pending', votes: '0/1' },
      responses: [{ username: 'ada', counts: false, reason: 'Unattested' }],
    });
  });

  it.concurrent('loses no vote when its signal is deleted', async ({ scenario }) => {
    const person = await givenRun(scenario, 'ship', [approve({ approvals: 2 })]);
    const first = await signalWaits(scenario, 'ship-approve');
    await person('ada').respond('ship-approve', { decision: 'Approve' });
    await signalIs(scenario, 'ship-approve', 'has a vote', ({ status }) => status?.votes === '1/2');
    await person('eve').kubectl(['delete', 'asig', 'ship-approve']);
    const again = await signalIs(scenario, 'ship-approve', 'is made again', ({ status }) => status?.votes === '1/2');
    expect(again.metadata.uid).not.toBe(first.metadata.uid);
    expect(again.spec.responses).toMatchObject([{ username: 'ada', decision: 'Approve' }]);
    await person('bob').respond('ship-approve', { decision: 'Approve' });
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['ada', 'bob'] });
  });

  it('loses no vote when its signal is deleted before anybody looked at it', FULL, async ({ scenario }) => {
    const person = await givenRun(scenario, 'ship', [approve({ approvals: 2 })]);
    const first = await signalWaits(scenario, 'ship-approve');
    await restartOperator(async () => {
      await person('ada').respond('ship-approve', { decision: 'Approve' });
      await person('eve').kubectl(['delete', 'asig', 'ship-approve', '--wait=false']);
      await person('bob').respond('ship-approve', { decision: 'Reject' });
    });
    const ended = await scenario.ended('ship');
    expect(conditionOf(ended, 'Succeeded')).toMatchObject({ status: 'False', message: expect.stringContaining('bob') });
    await scenario.until('the signal is gone', async () => {
      const signals = await signalsOf(scenario);
      return signals.every(({ metadata }) => metadata.uid !== first.metadata.uid);
    });
  });

  it.concurrent('is gone for whoever waits until its signal is, though it is made again', async ({ scenario }) => {
    await givenRun(scenario, 'ship', [approve({})]);
    for (let time = 0; time < 8; time++) {
      await signalWaits(scenario, 'ship-approve');
      await scenario.kubectl(['delete', 'asig', 'ship-approve', '--timeout=30s']);
    }
  });

  it.concurrent('goes with its run when that is deleted', async ({ scenario }) => {
    await givenRun(scenario, 'ship', [approve({ approvals: 2 })]);
    await signalWaits(scenario, 'ship-approve');
    await scenario.kubectl(['delete', 'awr', 'ship']);
    await scenario.until('the signal is gone', async () => (await signalsOf(scenario)).length === 0);
  });

  it.concurrent('works under another name where a stranger made a signal of its name ahead', async ({ scenario }) => {
    await givenStaff(scenario);
    const eve = new Person(scenario, 'eve');
    const request = { message: 'Nothing to see', digest: 'x' };
    const spec = {
      type: 'Approval',
      run: 'ship',
      task: 'approve',
      request,
      responses: [{ username: 'eve', decision: 'Approve' }],
    };
    await eve.send({ apiVersion: API_VERSION, kind: 'Signal', metadata: { name: 'ship-approve' }, spec });
    const person = await givenRun(scenario, 'ship', [approve({ approvers: { groups: ['release'] } })]);
    const row = await scenario.taskIs('ship', 'approve', 'says how to answer', ({ message }) =>
      /asig \S+/.test(message ?? ''),
    );
    const name = /asig (\S+)/.exec(row.message ?? '')?.[1] ?? '';
    expect(name).toMatch(/^ship-approve-[0-9a-f]{6}$/);
    expect(saidOf(await signalEnds(scenario, 'ship-approve'))).toMatchObject({ reason: 'NotAsked' });
    await person('ada').respond(name, { decision: 'Approve' });
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['ada'] });
    expect((await signalEnds(scenario, name)).status).toMatchObject({ phase: 'Delivered' });
  });

  it(
    'is not given by answers to a signal that shows something else, and that signal says so',
    FULL,
    async ({ scenario }) => {
      const person = await givenRun(scenario, 'ship', [approve({ message: 'Ship to production?' })]);
      const { metadata, spec } = await signalWaits(scenario, 'ship-approve');
      const { labels, annotations, ownerReferences } = metadata;
      await restartOperator(async () => {
        await person('eve').kubectl(['patch', 'asig', 'ship-approve', '--type=merge', '-p', NOT_HELD]);
        await person('eve').kubectl(['delete', 'asig', 'ship-approve']);
        await person('eve').send({
          ...{ apiVersion: API_VERSION, kind: 'Signal' },
          metadata: { name: 'ship-approve', labels, annotations, ownerReferences } as Manifest['metadata'],
          spec: { ...spec, request: { ...spec.request, message: 'Ship to the test system?' } },
        });
        await person('ada').respond('ship-approve', { decision: 'Approve' });
      });
      const forged = await signalEnds(scenario, 'ship-approve');
      expect(forged.status).toMatchObject({ phase: 'Rejected' });
      expect(saidOf(forged)).toMatchObject({ reason: 'NotAsked' });
      const other = await scenario.until('the task asks by another signal', async () =>
        (await signalsOf(scenario)).find(
          (signal) => signal.metadata.name !== 'ship-approve' && signal.status?.votes === '0/1',
        ),
      );
      expect(other.spec.request?.message).toBe('Ship to production?');
      await person('bob').respond(other.metadata.name, { decision: 'Approve' });
      expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['bob'] });
    },
  );

  it('that is dated back does not beat the expiry', async ({ scenario }) => {
    const person = await givenRun(scenario, 'ship', [approve({ expiresAfter: '3s' })]);
    const asked = await signalWaits(scenario, 'ship-approve');
    const expires = Date.parse(asked.status?.expiresAt ?? '');
    await restartOperator(async () => {
      await scenario.until('it has expired', async () => Date.now() > expires + 1000);
      const time = new Date(expires - 2000).toISOString();
      await person('ada').respond('ship-approve', { decision: 'Approve', time });
    });
    expect(conditionOf(await scenario.ended('ship'), 'Succeeded')).toMatchObject({ status: 'False' });
    expect((await signalEnds(scenario, 'ship-approve')).status).toMatchObject({ phase: 'Expired' });
  });
});

describe('data without the admission webhook', () => {
  it.concurrent('that was sent ahead is taken when the task comes to wait for it', async ({ scenario }) => {
    await givenStaff(scenario);
    const values = [{ name: 'amount', type: 'Integer' as const, minimum: 1 }];
    await new Person(scenario, 'ada').send(dataSignal('paid', 'order', 'payment', { amount: '42' }));
    await givenRun(scenario, 'order', [
      wait('wait', { name: 'payment', values }),
      script('after', 'test "$AMOUNT" = 42', { needs: ['wait'], env: { AMOUNT: '${{ tasks.wait.outputs.amount }}' } }),
    ]);
    const run = await scenario.ended('order');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'wait')).toEqual({ amount: 42, sender: '' });
    const sent = await signalEnds(scenario, 'paid');
    expect(sent.status).toMatchObject({ phase: 'Delivered', run: 'order', task: 'wait' });
    const owned = await signalIs(
      scenario,
      'paid',
      'is owned',
      ({ metadata }) => metadata.ownerReferences !== undefined,
    );
    expect(owned.metadata.ownerReferences).toMatchObject([{ kind: 'WorkflowRun', name: 'order' }]);
  });

  it.concurrent('is taken one after the other by a loop that waits, and what does not fit says so', async ({
    scenario,
  }) => {
    await givenStaff(scenario);
    const ada = new Person(scenario, 'ada');
    for (const [name, n] of [
      ['s-1', '1'],
      ['s-2', 'two'],
      ['s-3', '3'],
      ['s-4', '4'],
    ] as const) {
      await ada.send(dataSignal(name, 'poll', 'tick', { n }));
    }
    const loop = { until: 'iteration == 2', maxIterations: 5 };
    const tick = wait('tick', { values: [{ name: 'n', type: 'Integer' }] });
    await givenRun(scenario, 'poll', [{ ...tick, loop }]);
    const run = await scenario.ended('poll');
    const taken = eventsOf(run).flatMap((event) =>
      event.type === 'Judged' && event.phase === 'Delivered' ? [event.object] : [],
    );
    expect(taken).toEqual(['s-1', 's-3', 's-4']);
    const wrong = await signalEnds(scenario, 's-2');
    expect(wrong.status).toMatchObject({ phase: 'Rejected', run: 'poll' });
    expect(saidOf(wrong)).toMatchObject({ reason: 'ValuesInvalid' });
    expect(saidOf(wrong).message).toContain('values.n: ');
  });

  it.concurrent('for a run that has ended is rejected, and waits for one that has not begun', async ({ scenario }) => {
    const person = await givenRun(scenario, 'over', [{ name: 'nothing', compute: { x: '1' } }]);
    await person('ada').send(dataSignal('early', 'later', 'x'));
    await scenario.ended('over');
    await person('ada').send(dataSignal('late', 'over', 'x'));
    const late = await signalEnds(scenario, 'late');
    expect(late.status).toMatchObject({ phase: 'Rejected', run: 'over' });
    expect(saidOf(late)).toMatchObject({ reason: 'RunEnded' });
    const early = await signalWaits(scenario, 'early');
    expect(early.status).toMatchObject({ waitingFor: 'a run named later' });
  });

  it.concurrent('goes to the task that asks, by an answer to its own signal', async ({ scenario }) => {
    const person = await givenRun(scenario, 'order', [wait('paid', { values: [{ name: 'amount' }] })]);
    const asked = await signalWaits(scenario, 'order-paid');
    expect(asked.spec.type).toBe('Input');
    expect(asked.status?.waitingFor).toBe('amount from anybody who may patch signals');
    await person('ada').respond('order-paid', { values: { amount: '7' } });
    expect(outputsOf(await scenario.ended('order'), 'paid')).toEqual({ amount: '7', sender: 'ada' });
    expect((await signalEnds(scenario, 'order-paid')).status).toMatchObject({ phase: 'Delivered' });
  });

  it.concurrent('that no task took ends with the run, and so does what a task asked by', async ({ scenario }) => {
    const person = await givenRun(scenario, 'order', [wait('paid'), script('other', 'sleep 600')]);
    await signalWaits(scenario, 'order-paid');
    await person('ada').send(dataSignal('unheard', 'order', 'something-else'));
    const unheard = await signalWaits(scenario, 'unheard');
    expect(unheard.status).toMatchObject({ waitingFor: 'a task of order that waits for something-else' });
    await person('ada').kubectl([
      'patch',
      'awr',
      'order',
      '--type=merge',
      '-p',
      '{"spec":{"desiredState":"Terminated"}}',
    ]);
    await scenario.ended('order');
    expect((await signalEnds(scenario, 'unheard')).status).toMatchObject({ phase: 'Rejected' });
    expect((await signalEnds(scenario, 'order-paid')).status?.phase).not.toBe('Delivered');
    expect((await signalOf(scenario, 'order-paid')).status).not.toHaveProperty('waitingFor');
  });
});
