import { describe, expect } from 'vitest';
import { APPROVE, givenApproval, inRelease, REJECT, RELEASE, votes } from '../../support/approval.ts';
import { it, useOperator } from '../../support/e2e.ts';
import { workflowRun } from '../../support/manifests.ts';
import { Person, saidOf, signalEnds, signalIs, signalOf, signalWaits } from '../../support/people.ts';
import { conditionOf, outputsOf } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useOperator({ admission: true });

describe('an approval', () => {
  it.concurrent('needs as many people as it says, and records who they are', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: RELEASE, approvals: 2 });
    const [ada, bob] = inRelease(scenario, 'ada', 'bob');
    await ada?.answer('ship-approve', { ...APPROVE, comment: 'looks fine' });
    await votes(scenario, '1/2');
    await bob?.answer('ship-approve', APPROVE);
    const run = await scenario.ended('ship');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'approve')).toEqual({
      decision: 'Approve',
      approvers: ['ada', 'bob'],
      comment: 'looks fine',
    });
    const { spec, status } = await signalEnds(scenario, 'ship-approve');
    expect(spec).not.toHaveProperty('decision');
    expect(spec.responses).toMatchObject([
      { username: 'ada', decision: 'Approve', comment: 'looks fine', digest: spec.request?.digest },
      { username: 'bob', decision: 'Approve' },
    ]);
    expect(spec.responses?.[0]?.groups).toContain('release');
    expect(status).toMatchObject({ phase: 'Delivered', votes: '2/2', decision: 'Approve' });
  });

  it.concurrent('counts a person once, and no change that is not theirs', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: RELEASE, approvals: 2 });
    const [ada, bob] = inRelease(scenario, 'ada', 'bob');
    await ada?.answer('ship-approve', APPROVE);
    await ada?.answer('ship-approve', APPROVE);
    expect(await ada?.refusedAnswer('ship-approve', REJECT)).toContain('you have answered already: Approve');
    expect(await bob?.refused(['label', 'asig', 'ship-approve', 'looked=at'])).toContain('ado-signals');
    await bob?.kubectl(['annotate', 'awr', 'ship', 'looked=at']);
    const signal = await votes(scenario, '1/2');
    expect(signal.spec.responses?.map(({ username }) => username)).toEqual(['ada']);
    await bob?.answer('ship-approve', APPROVE);
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['ada', 'bob'] });
  });

  it.concurrent('counts all who answer at the same time', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: RELEASE, approvals: 4 });
    const people = inRelease(scenario, 'ada', 'bob', 'cyd', 'dan');
    await Promise.all(people.map((person) => person.answer('ship-approve', APPROVE)));
    const { approvers } = outputsOf(await scenario.ended('ship'), 'approve') as { approvers: string[] };
    expect(approvers.sort()).toEqual(['ada', 'bob', 'cyd', 'dan']);
  });

  it.concurrent('takes no answer of whoever is not asked, nor one in the name of another', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: { users: ['ada'], groups: ['release'] } });
    const eve = new Person(scenario, 'eve');
    expect(await eve.refusedAnswer('ship-approve', APPROVE)).toContain(
      '"eve" is not an approver; approvers: the users ada',
    );
    const forged = { username: 'ada', groups: ['release'], decision: 'Approve' };
    const patch = JSON.stringify([{ op: 'add', path: '/spec/responses', value: [forged] }]);
    await eve.refused(['patch', 'asig', 'ship-approve', '--type=json', '-p', patch]);
    await eve.refusedAnswer('ship-approve', { request: { message: 'Ship?', digest: 'x' } });
    expect((await signalOf(scenario, 'ship-approve')).spec.responses).toBeUndefined();
    await new Person(scenario, 'ada').answer('ship-approve', APPROVE);
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['ada'] });
  });

  it.concurrent('is failed by a veto, with what was said', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: RELEASE, approvals: 2 });
    const [ada, bob] = inRelease(scenario, 'ada', 'bob');
    await ada?.answer('ship-approve', APPROVE);
    await bob?.answer('ship-approve', { ...REJECT, comment: 'not on a Friday' });
    const run = await scenario.ended('ship');
    expect(run.status?.tasks?.find(({ path }) => path === 'approve')).toMatchObject({
      ...{ phase: 'Failed', reason: 'Rejected' },
      message: 'rejected by bob: not on a Friday',
    });
    expect((await signalEnds(scenario, 'ship-approve')).status).toMatchObject({
      phase: 'Rejected',
      decision: 'Reject',
    });
  });

  it.concurrent('is not for whoever asked for the run', async ({ scenario }) => {
    const [ada, bob] = inRelease(scenario, 'ada', 'bob');
    await givenApproval(scenario, { approvers: RELEASE, notRequester: true }, ada);
    expect((await scenario.run('ship')).status?.requester).toEqual({ username: 'ada', attested: true });
    expect(await ada?.refusedAnswer('ship-approve', APPROVE)).toContain(
      '"ada" requested the run and may not decide it',
    );
    await bob?.answer('ship-approve', APPROVE);
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['bob'] });
  });

  it.concurrent('takes the answer of a service account only where it is named', async ({ scenario }) => {
    const account = (name: string) => `system:serviceaccount:${scenario.namespace}:${name}`;
    const everybody = 'system:serviceaccounts';
    await givenApproval(scenario, { approvers: { users: [account('named')], groups: [everybody, 'release'] } });
    const other = new Person(scenario, account('other'), [everybody]);
    expect(await other.refusedAnswer('ship-approve', APPROVE)).toContain('is a service account');
    await new Person(scenario, account('named'), [everybody]).answer('ship-approve', APPROVE);
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: [account('named')] });
  });

  it.concurrent('asks for values, which have types and become outputs', async ({ scenario }) => {
    const form = [
      { name: 'percent', type: 'Integer' as const, minimum: 1, maximum: 100 },
      { name: 'region', enum: ['eu', 'us'], default: 'eu' },
    ];
    await givenApproval(scenario, { approvers: RELEASE, form });
    const [ada] = inRelease(scenario, 'ada');
    expect(await ada?.refusedAnswer('ship-approve', APPROVE)).toContain('percent');
    expect(await ada?.refusedAnswer('ship-approve', { ...APPROVE, values: { percent: '101' } })).toContain('percent');
    await ada?.answer('ship-approve', { ...APPROVE, values: { percent: '25' } });
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ percent: 25, region: 'eu' });
  });

  it.concurrent('that nobody gives in time is a rejection, unless it says otherwise', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: RELEASE, expiresAfter: '2s' });
    const run = await scenario.ended('ship');
    expect(run.status?.tasks?.find(({ path }) => path === 'approve')).toMatchObject({
      phase: 'Failed',
      reason: 'Expired',
    });
    const signal = await signalEnds(scenario, 'ship-approve');
    expect(signal.status).toMatchObject({ phase: 'Expired', votes: '0/1' });
    const [ada] = inRelease(scenario, 'ada');
    expect(await ada?.refusedAnswer('ship-approve', APPROVE)).toContain('this signal has ended (Expired)');
  });

  it.concurrent('that nobody gives in time may be given by time', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: RELEASE, expiresAfter: '2s', onExpiry: 'Approve' });
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ decision: 'Approve', approvers: [] });
  });

  it.concurrent('that nobody gives in time may be given by others then', FULL, async ({ scenario }) => {
    const escalation = { approvers: { users: ['boss'] } };
    // Long enough to answer before it on a machine with other work to do.
    await givenApproval(scenario, { approvers: RELEASE, expiresAfter: '45s', onExpiry: 'Escalate', escalation });
    const boss = new Person(scenario, 'boss');
    await boss.answer('ship-approve', APPROVE);
    const early = await signalIs(
      scenario,
      'ship-approve',
      'has an answer',
      ({ status }) => !!status?.responses?.length,
    );
    expect(early.status).toMatchObject({
      votes: '0/1',
      responses: [{ username: 'boss', counts: false, reason: 'NotYetAsked' }],
    });
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['boss'] });
  });

  it.concurrent('is made again when its signal is deleted, with every vote', async ({ scenario }) => {
    await givenApproval(scenario, { approvers: RELEASE, approvals: 2 });
    const [ada, bob, eve] = inRelease(scenario, 'ada', 'bob', 'eve');
    await ada?.answer('ship-approve', APPROVE);
    const { uid } = (await votes(scenario, '1/2')).metadata;
    await eve?.kubectl(['delete', 'asig', 'ship-approve']);
    await signalIs(
      scenario,
      'ship-approve',
      'is another',
      (signal) => signal.metadata.uid !== uid && signal.status?.votes === '1/2',
    );
    expect(await ada?.refusedAnswer('ship-approve', REJECT)).toContain('you have answered already');
    await bob?.answer('ship-approve', APPROVE);
    expect(outputsOf(await scenario.ended('ship'), 'approve')).toMatchObject({ approvers: ['ada', 'bob'] });
  });

  it.concurrent(
    'is decided while its run is paused, and ends with one that is cancelled',
    FULL,
    async ({ scenario }) => {
      await givenApproval(scenario, { approvers: RELEASE });
      const [ada] = inRelease(scenario, 'ada');
      const want = (desiredState: string) =>
        ada?.kubectl(['patch', 'awr', 'ship', '--type=merge', '-p', JSON.stringify({ spec: { desiredState } })]);
      await want('Paused');
      await scenario.runIs('ship', 'is paused', ({ status }) => status?.phase === 'Paused');
      await ada?.answer('ship-approve', APPROVE);
      await signalEnds(scenario, 'ship-approve');
      expect((await scenario.pods()).length).toBe(0);
      await want('Running');
      expect(conditionOf(await scenario.ended('ship'), 'Succeeded')).toMatchObject({ status: 'True' });
      await scenario.given(workflowRun('other', 'ship'));
      await signalWaits(scenario, 'other-approve');
      await ada?.kubectl(['patch', 'awr', 'other', '--type=merge', '-p', '{"spec":{"desiredState":"Cancelled"}}']);
      await scenario.ended('other');
      const ended = await signalEnds(scenario, 'other-approve');
      expect(ended.status?.phase).not.toBe('Delivered');
      expect(saidOf(ended).message).not.toBe('');
    },
  );
});
