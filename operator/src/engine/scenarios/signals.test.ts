import { describe, expect, it } from 'vitest';
import type { DataSignal, Definition, ObservedResponse, Task } from '../../api/index.ts';
import { attemptKey, digestOf, encodeState, signalView } from '../index.ts';
import { Simulation } from '../testing/simulation.ts';

const MINUTE = 60_000;

/** One workflow of which a task asks people or waits for data, and what they say, in virtual time. */
class Asked {
  readonly simulation: Simulation;
  readonly responses: ObservedResponse[] = [];
  readonly inbox: DataSignal[] = [];
  /** Signals that say themselves how they ended. */
  readonly ended = new Set<string>();

  constructor(task: Partial<Task>, rest: Partial<Definition> = {}) {
    const tasks = [{ name: 'ask', ...task } as Task];
    this.simulation = new Simulation({ tasks, ...rest }, { fate: () => ({ end: 'Never' }) });
    this.pass();
  }

  get now(): number {
    return this.simulation.now;
  }

  /** What people are shown, and its digest. */
  get shown() {
    const start = this.simulation.started('ask');
    if (start?.type !== 'Start' || start.rendered.backend !== 'Signal') throw new Error('nobody was asked');
    return start.rendered.request;
  }

  get view() {
    return signalView(this.simulation.plan, this.simulation.state, 'ask');
  }

  get unit() {
    return this.simulation.state.tasks.get('ask')?.unit;
  }

  /** The verdict over the signal that asks. */
  get verdict() {
    return this.simulation.state.verdicts.get('uid-ask');
  }

  answer(username: string, response: Partial<ObservedResponse> = {}): this {
    const { digest } = this.shown;
    const time = this.simulation.now;
    this.responses.push({ username, groups: [], attested: true, time, digest, decision: 'Approve', ...response });
    return this;
  }

  send(uid: string, values: Record<string, string>, more: Partial<DataSignal> = {}): this {
    const sender = { username: 'jane', groups: [], attested: true, time: this.now };
    this.inbox.push({ uid, object: uid, name: 'ask', values, sender, ...more });
    return this;
  }

  pass(afterMs = 0): this {
    const { simulation } = this;
    simulation.now += afterMs;
    const signal = { uid: 'uid-ask', name: 'run-ask' };
    const asked = { phase: 'Asked', signal, responses: this.responses } as const;
    const isAsked = simulation.started('ask') !== undefined;
    const decision = simulation.decideOn({
      desiredState: simulation.desiredState,
      attempts: new Map(isAsked ? [[attemptKey('ask', 0), asked]] : []),
      inbox: this.inbox.filter(({ uid }) => !this.ended.has(uid)),
      unacknowledged: new Set([...simulation.state.verdicts.keys()].filter((uid) => !this.ended.has(uid))),
    });
    simulation.apply(decision.actions);
    simulation.report(decision);
    expect(simulation.folded()).toBe(simulation.stored);
    return this;
  }
}

const approval = (rest: Partial<NonNullable<Task['approval']>> = {}) => ({ approval: { message: 'Ship?', ...rest } });
const TWO = { approvers: { users: ['jane', 'joe'], groups: ['release'] }, approvals: 2 };

describe('an approval', () => {
  it('waits for as many as are needed, and hands on who they were', () => {
    const asked = new Asked(approval(TWO));
    expect(asked.view).toMatchObject({ votes: '0/2', waitingFor: '2 approvals by group release, jane, joe' });
    asked.answer('jane').pass();
    expect(asked.unit?.phase).toBe('Live');
    expect(asked.view).toMatchObject({ votes: '1/2', waitingFor: '1 approval by group release, jane, joe' });
    asked.answer('ann', { groups: ['staff', 'release'] }).pass();
    expect(asked.unit?.phase).toBe('Succeeded');
    expect(asked.verdict).toMatchObject({ phase: 'Delivered', reason: 'Approved', message: 'approved by jane, ann' });
  });

  it('counts a user once, however often they answer', () => {
    const asked = new Asked(approval(TWO)).answer('jane').pass().answer('jane').pass();
    expect(asked.view?.votes).toBe('1/2');
  });

  it('goes on counting when the signal was deleted and made again', () => {
    const asked = new Asked(approval(TWO)).answer('jane').pass();
    asked.responses.length = 0;
    asked.pass();
    expect(asked.view?.votes).toBe('1/2');
    expect(asked.answer('joe').pass().unit?.phase).toBe('Succeeded');
  });

  it.each([
    ['NotAllowed', 'eve', {}],
    ['NotAllowed', 'system:serviceaccount:ci:bot', { groups: ['release'] }],
    ['Unattested', 'jane', { attested: false }],
    ['ShownDiffers', 'jane', { digest: 'of something else' }],
    ['ValuesInvalid', 'jane', { values: { stranger: '1' } }],
  ] as const)('does not count, as %s, an answer of %s %j', (reason, username, response) => {
    const asked = new Asked(approval(TWO)).answer(username, response as Partial<ObservedResponse>).pass();
    expect(asked.view?.responses).toEqual([{ username, counts: false, reason }]);
    expect(asked.view?.votes).toBe('0/2');
  });

  it('counts a service account that is named, and what nobody vouches for where the task allows it', () => {
    const bot = 'system:serviceaccount:ci:bot';
    const named = new Asked(approval({ approvers: { users: [bot] } })).answer(bot).pass();
    expect(named.unit?.phase).toBe('Succeeded');
    const unattested = new Asked(approval({ ...TWO, approvals: 1, allowUnattested: true }));
    expect(unattested.answer('jane', { attested: false }).pass().unit?.phase).toBe('Succeeded');
  });

  it('is a veto by default, and says who and why', () => {
    const asked = new Asked(approval(TWO)).answer('jane').answer('joe', { decision: 'Reject', comment: 'too late' });
    asked.pass();
    expect(asked.unit).toMatchObject({ phase: 'Failed', reason: 'Rejected', message: 'rejected by joe: too late' });
    expect(asked.verdict).toMatchObject({ phase: 'Rejected', decision: 'Reject' });
  });

  it('fails only with as many rejections as it says', () => {
    const asked = new Asked(approval({ ...TWO, approvals: 1, rejections: 2 }));
    expect(asked.answer('joe', { decision: 'Reject' }).pass().unit?.phase).toBe('Live');
    expect(asked.answer('jane').pass().unit?.phase).toBe('Succeeded');
  });

  it('hands on the values of its form, in their types, with defaults for what nobody gave', () => {
    const form = [
      { name: 'replicas', type: 'Integer' as const, minimum: 1 },
      { name: 'region', default: 'eu' },
    ];
    const tasks = [
      { name: 'ask', ...approval({ form }) },
      { name: 'ship', needs: ['ask'], compute: { n: 'tasks.ask.outputs.replicas + 1', r: 'tasks.ask.outputs.region' } },
      { name: 'end', needs: ['ship'], when: 'tasks.ship.outputs.n == 4 && tasks.ship.outputs.r == "eu"', run: 'true' },
    ];
    const asked = new Asked({}, { tasks });
    asked.answer('eve', { values: { replicas: 'many' } }).pass();
    expect(asked.view?.responses).toEqual([{ username: 'eve', counts: false, reason: 'ValuesInvalid' }]);
    asked.answer('jane', { values: { replicas: '3' } }).pass();
    expect(asked.simulation.state.tasks.get('end')?.unit.phase).toBe('Live');
  });
});

describe('an approval that expires', () => {
  it('fails, succeeds or asks others, as it says', () => {
    const rejecting = new Asked(approval({ expiresAfter: '10m' })).pass(10 * MINUTE);
    expect(rejecting.unit).toMatchObject({ phase: 'Failed', reason: 'Expired' });
    expect(rejecting.verdict).toMatchObject({ phase: 'Expired' });
    const approving = new Asked(approval({ expiresAfter: '10m', onExpiry: 'Approve' })).pass(10 * MINUTE);
    expect(approving.unit?.phase).toBe('Succeeded');
    const escalation = { approvers: { groups: ['board'] }, expiresAfter: '5m' };
    const asked = new Asked(approval({ ...TWO, approvals: 1, expiresAfter: '10m', onExpiry: 'Escalate', escalation }));
    asked.answer('ceo', { groups: ['board'] }).pass();
    expect(asked.view?.responses).toEqual([{ username: 'ceo', counts: false, reason: 'NotYetAsked' }]);
    expect(asked.pass(10 * MINUTE).unit?.phase).toBe('Succeeded');
  });

  it('ends when it has escalated and nobody answers then either', () => {
    const escalation = { approvers: { groups: ['board'] }, expiresAfter: '5m' };
    const asked = new Asked(approval({ ...TWO, expiresAfter: '10m', onExpiry: 'Escalate', escalation }));
    expect(asked.pass(10 * MINUTE).unit?.phase).toBe('Live');
    expect(asked.view?.expiresAt).toBe(asked.now + 5 * MINUTE);
    expect(asked.pass(5 * MINUTE).unit).toMatchObject({ phase: 'Failed', reason: 'Expired' });
  });

  it('counts what came in time, however late it is looked at', () => {
    const asked = new Asked(approval({ expiresAfter: '10m' }));
    expect(asked.answer('jane').pass(30 * MINUTE).unit?.phase).toBe('Succeeded');
  });

  it('is not beaten by an answer that nobody vouches for and that says it came in time', () => {
    const asked = new Asked(approval({ expiresAfter: '10m', allowUnattested: true }));
    asked.responses.push({ username: 'jane', groups: [], attested: false, decision: 'Approve' });
    expect(asked.pass(10 * MINUTE).unit).toMatchObject({ phase: 'Failed', reason: 'Expired' });
  });

  it('does not count what came after the expiry, whoever vouches for it', () => {
    const asked = new Asked(approval({ expiresAfter: '10m' }));
    asked.simulation.now += 11 * MINUTE;
    expect(asked.answer('jane').pass().unit).toMatchObject({ phase: 'Failed', reason: 'Expired' });
  });

  it('goes on expiring while the run is paused', () => {
    const asked = new Asked(approval({ expiresAfter: '10m' }));
    asked.simulation.desiredState = 'Paused';
    expect(asked.pass().pass(10 * MINUTE).unit?.phase).toBe('Failed');
  });
});

describe('an approval of a run that is stopped', () => {
  it('is withdrawn at once, without anybody having to end it', () => {
    const asked = new Asked(approval());
    asked.simulation.desiredState = 'Cancelled';
    expect(asked.pass().unit?.phase).toBe('Cancelled');
    expect(asked.simulation.state.finished?.phase).toBe('Cancelled');
  });

  it('fails at its own timeout, and not at that of defaults', () => {
    const timed = new Asked({ ...approval(), timeout: '1m' }).pass(MINUTE);
    expect(timed.unit).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
    const tasks = [{ name: 'ask', ...approval() }];
    const usual = new Asked({}, { tasks, defaults: { timeout: '1m', retry: { limit: 3 } } }).pass(MINUTE);
    expect(usual.unit?.phase).toBe('Live');
  });
});

describe('an approval that is not for who asked for the run', () => {
  const identity = { name: 'run', namespace: 'ns', uid: '0000-uid', workflow: 'wf' };

  it.each([
    ['who asked', { requester: 'jane', requesters: ['jane'] }, 'Requester'],
    ['who says so, also where nobody vouches for it', { requester: 'jane', isUnknown: true }, 'Requester'],
    ['who asked for what led to the run', { requester: 'joe', requesters: ['joe', 'jane'] }, 'Requester'],
    ['who set it going again', { requester: 'joe', requesters: ['joe'], resumedBy: 'jane' }, 'Requester'],
    ['anybody, while it is not sure who asked', { isUnknown: true }, 'RequesterUnknown'],
    ['anybody, while not all are known', { requesters: ['joe'], isUnknown: true }, 'RequesterUnknown'],
    ['anybody else', { requester: 'joe', requesters: ['joe'] }, undefined],
    ['anybody, where nobody asked', {}, undefined],
  ])('answers %s', (_who, known, reason) => {
    const asked = new Asked(approval({ notRequester: true, approvals: 2 }));
    asked.simulation.identity = { ...identity, ...known };
    const { requester, requesters = [] } = asked.simulation.identity;
    const [first, ...others] = [...new Set([...(requester === undefined ? [] : [requester]), ...requesters])];
    const shown = {
      ...{ message: 'Ship?', approvals: 2 },
      ...(first === undefined ? {} : { notRequester: first }),
      ...(others.length === 0 ? {} : { notRequesters: others }),
    };
    asked.answer('jane', { digest: digestOf(shown) }).pass();
    expect(asked.view?.responses[0]).toEqual({ username: 'jane', counts: !reason, ...(reason ? { reason } : {}) });
  });
});

const wait = (rest: Partial<NonNullable<Task['waitForSignal']>> = {}) => ({ waitForSignal: rest });
const AMOUNT = [{ name: 'amount', type: 'Integer' as const, maximum: 10 }];

describe('a wait for a signal', () => {
  it('takes what was sent before, the oldest first, and each once', () => {
    const loop = { maxIterations: 3, state: { sum: '0' }, next: { sum: 'state.sum * 10 + outputs.amount' } };
    const tasks = [
      { name: 'ask', ...wait({ values: AMOUNT }), loop: { ...loop, until: 'iteration == 2' } },
      { name: 'end', needs: ['ask'], when: 'tasks.ask.outputs.sum == 123', run: 'true' },
    ] as Task[];
    const asked = new Asked({}, { tasks });
    asked
      .send('s1', { amount: '1' })
      .send('s2', { amount: '2' })
      .send('s3', { amount: '3' })
      .send('s4', { amount: '4' });
    for (let i = 0; i < 5; i++) asked.pass();
    expect(asked.simulation.state.tasks.get('end')?.unit.phase).toBe('Live');
    expect([...asked.simulation.state.verdicts.keys()]).toEqual(['s1', 's2', 's3']);
  });

  it('rejects what does not fit, names the field, and takes the next', () => {
    const asked = new Asked(wait({ values: AMOUNT }));
    asked.send('s1', { amount: '11' }).send('s2', { amount: '10' }).pass();
    expect(asked.simulation.state.verdicts.get('s1')).toEqual({
      phase: 'Rejected',
      reason: 'ValuesInvalid',
      message: 'values.amount: 11 is more than 10, its maximum',
      task: 'ask',
    });
    expect(asked.unit?.phase).toBe('Succeeded');
  });

  it('is deaf to other names and to those who may not send', () => {
    const asked = new Asked(wait({ name: 'orders', from: { users: ['joe'] } }));
    asked.send('s1', {}).send('s2', {}, { name: 'orders' }).pass();
    expect(asked.unit?.phase).toBe('Live');
    expect([...asked.simulation.state.verdicts]).toMatchObject([['s2', { phase: 'Rejected', reason: 'NotAllowed' }]]);
  });

  it('takes what is written into its own signal', () => {
    const asked = new Asked(wait({ values: AMOUNT }));
    asked.answer('jane', { values: { amount: '7' } }).pass();
    expect(asked.unit?.phase).toBe('Succeeded');
    expect(asked.verdict).toMatchObject({ phase: 'Delivered' });
  });

  it('is not ended by somebody who rejects it, for that gives no value', () => {
    const asked = new Asked(wait({ values: AMOUNT }));
    asked.answer('eve', { decision: 'Reject' }).pass();
    expect(asked.unit).toMatchObject({ phase: 'Live', ask: { votes: [{ username: 'eve', void: 'ValuesInvalid' }] } });
    asked.answer('jane', { values: { amount: '7' } }).pass();
    expect(asked.unit?.phase).toBe('Succeeded');
  });

  it('expires, and goes on without values where it says so', () => {
    expect(new Asked(wait({ expiresAfter: '1m' })).pass(MINUTE).unit).toMatchObject({
      phase: 'Failed',
      reason: 'Expired',
    });
    const asked = new Asked(wait({ expiresAfter: '1m', onExpiry: 'Continue' })).pass(MINUTE);
    expect(asked.unit?.phase).toBe('Succeeded');
  });

  it('remembers what it took until the signal says so itself', () => {
    const tasks = [
      { name: 'ask', ...wait() },
      { name: 'next', needs: ['ask'], ...wait({ name: 'ask' }) },
    ] as Task[];
    const asked = new Asked({}, { tasks });
    asked.send('s1', {}).pass().pass();
    expect(asked.simulation.state.verdicts.has('s1')).toBe(true);
    expect(asked.simulation.phaseOf('next')).toBe('Live');
    asked.ended.add('s1');
    asked.pass();
    expect(asked.simulation.state.verdicts.has('s1')).toBe(true);
    asked.send('s2', {}).pass();
    expect([...asked.simulation.state.verdicts.keys()]).toEqual(['s2']);
  });

  it('keeps the encoding of runs that ask nobody as it was', () => {
    const simulation = new Simulation({ tasks: [{ name: 'a', run: 'true', image: 'busybox' }] }).run();
    expect(JSON.parse(encodeState(simulation.state)).v).toBe(1);
  });
});
