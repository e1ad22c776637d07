import { beforeEach, describe, expect, it } from 'vitest';
import type { Signal, SignalResponse } from '../api/index.ts';
import type { User } from './people.ts';
import { stampSignal } from './signal-stamp.ts';
import type { Changes, Moment, Stamped } from './stamped.ts';
import { attesting } from './testing/attesting.ts';

const attestation = attesting(1);
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const ada: User = { username: 'ada', uid: 'u-ada', groups: ['system:authenticated', 'release'] };
const bob: User = { username: 'bob', groups: ['system:authenticated'] };
const robot: User = { username: 'system:serviceaccount:shop:robot', groups: ['system:serviceaccounts', 'release'] };

let later: number;
beforeEach(() => {
  later = 0;
});

const moment = (user: User): Moment => ({ user, now: NOW + later, attestation, suffix: 'x1y2z3w4' });
const metadata = { name: 'ship-approve', namespace: 'shop', uid: 'u-1' };

function approval(request: Partial<NonNullable<Signal['spec']['request']>> = {}, more: Partial<Signal> = {}): Signal {
  const spec: Signal['spec'] = { type: 'Approval', run: 'ship', task: 'approve', request: { digest: 'd', ...request } };
  return { apiVersion: '', kind: 'Signal', metadata, spec, ...more };
}

const input = (form: NonNullable<Signal['spec']['request']>['form']): Signal => {
  const asked = approval({ form });
  return { ...asked, spec: { ...asked.spec, type: 'Input' } };
};

const data = (more: Partial<Signal['spec']> = {}, meta = {}): Signal => ({
  apiVersion: '',
  kind: 'Signal',
  metadata: { ...metadata, ...meta },
  spec: { type: 'Data', run: 'ship', name: 'paid', data: { amount: '1' }, ...more },
});

/** The stored object after a user changes its spec. */
function patched(old: Signal, change: Partial<Signal['spec']>, user: User): Signal {
  const object = { ...old, spec: { ...old.spec, ...change } };
  const { spec } = taken(stampSignal({ object, old }, moment(user)));
  return { ...object, spec: Object.assign({}, object.spec, spec) };
}

const inboxIsEmpty = ({ spec }: Signal) => [spec.decision, spec.comment, spec.values].every((it) => it === undefined);

function taken(stamped: Stamped): Changes {
  if ('refusal' in stamped) throw new Error(stamped.refusal);
  return stamped;
}

const refusal = (stamped: Stamped) => ('refusal' in stamped ? stamped.refusal : 'nothing was refused');
const answer = (old: Signal, change: Partial<Signal['spec']>, user: User) =>
  stampSignal({ object: { ...old, spec: { ...old.spec, ...change } }, old }, moment(user));

describe('an answer', () => {
  it('becomes a response with user, groups, time, digest and attestation, and leaves the inbox empty', () => {
    const stored = patched(approval(), { decision: 'Approve', comment: 'well' }, ada);
    expect(inboxIsEmpty(stored)).toBe(true);
    const [response] = stored.spec.responses ?? [];
    expect(response).toMatchObject({
      ...ada,
      time: '2026-01-02T03:04:05.678Z',
      decision: 'Approve',
      comment: 'well',
      digest: 'd',
    });
    expect(attestation.response(stored, response as SignalResponse)).toBe(true);
  });

  it('is appended to earlier answers, which stay unchanged', () => {
    const first = patched(approval(), { decision: 'Approve' }, ada);
    const second = patched(first, { decision: 'Reject' }, bob);
    expect(second.spec.responses?.map(({ username, decision }) => [username, decision])).toEqual([
      ['ada', 'Approve'],
      ['bob', 'Reject'],
    ]);
    expect(second.spec.responses?.[0]).toEqual(first.spec.responses?.[0]);
  });

  it('changes nothing when it is repeated, and a different one is refused', () => {
    const first = patched(approval(), { decision: 'Approve' }, ada);
    later = 1000;
    const again = patched(first, { decision: 'Approve' }, ada);
    expect(again.spec.responses).toEqual(first.spec.responses);
    expect(inboxIsEmpty(again)).toBe(true);
    expect(refusal(answer(first, { decision: 'Reject' }, ada))).toBe(
      'you have answered already: Approve at 2026-01-02T03:04:05.678Z; an answer cannot be changed',
    );
    expect(taken(answer(first, { decision: 'Approve', comment: 'again' }, ada)).warning).toContain('not recorded');
  });

  it('is not caused by a change of a label', () => {
    const first = patched(approval(), { decision: 'Approve' }, ada);
    const object = { ...first, metadata: { ...metadata, labels: { seen: 'yes' } } };
    expect(stampSignal({ object, old: first }, moment(bob))).toEqual({ spec: {} });
  });

  it('cannot be written as a response, not even in the own name', () => {
    const first = patched(approval(), { decision: 'Approve' }, ada);
    const [response] = first.spec.responses as [SignalResponse];
    const changes: SignalResponse[][] = [
      [],
      [{ ...response, decision: 'Reject' }],
      [response, { username: 'bob', decision: 'Approve' }],
      [response, { username: 'eve', decision: 'Approve' }],
    ];
    for (const responses of changes) expect(refusal(answer(first, { responses }, bob))).toMatch(/^spec\.responses: /);
  });

  it('must have a decision for an approval, and values for an input', () => {
    expect(refusal(answer(approval(), { comment: 'hm' }, ada))).toMatch(/^spec\.decision: required/);
    const asked = input([{ name: 'size', type: 'Integer', minimum: 1 }]);
    expect(refusal(answer(asked, { decision: 'Reject' }, ada))).toContain('cannot be rejected');
    expect(refusal(answer(asked, { comment: 'hm' }, ada))).toBe('spec.values: no values given; required: size');
    expect(patched(asked, { values: { size: '2' } }, ada).spec.responses?.[0]?.values).toEqual({ size: '2' });
  });

  it('must fit the form, and the refusal names the field', () => {
    const form = [
      { name: 'size', type: 'Integer' as const, minimum: 1, maximum: 9 },
      { name: 'place', enum: ['a', 'b'] },
      { name: 'note', default: 'none', pattern: '^[a-z]+$' },
    ];
    const asked = approval({ form });
    const say = (values: Record<string, string>) => refusal(answer(asked, { decision: 'Approve', values }, ada));
    expect(say({ size: 'x', place: 'a' })).toBe('spec.values.size: "x" is not an Integer');
    expect(say({ size: '10', place: 'a' })).toContain('spec.values.size: 10 is more than 9');
    expect(say({ size: '1' })).toContain('spec.values.place: it is required');
    expect(say({ size: '1', place: 'c' })).toContain('spec.values.place: "c" is not one of its values');
    expect(say({ size: '1', place: 'a', note: 'A1' })).toContain('spec.values.note: "A1" does not match');
    expect(say({ size: '1', place: 'a', other: '1' })).toContain('spec.values.other: there is no such value');
    expect(say({ size: '1', place: 'a' })).toBe('nothing was refused');
    expect(refusal(answer(asked, { decision: 'Reject' }, ada))).toBe('nothing was refused');
    const first = patched(asked, { decision: 'Approve', values: { size: '1', place: 'a' } }, ada);
    expect(refusal(answer(first, { decision: 'Approve' }, bob))).toBe('nothing was refused');
    expect(refusal(answer(first, { decision: 'Approve', values: { place: 'x' } }, bob))).toContain('spec.values.place');
  });

  it('is accepted only from approvers, by name or group', () => {
    const asked = approval({ users: ['bob'], groups: ['release'] });
    expect(refusal(answer(asked, { decision: 'Approve' }, ada))).toBe('nothing was refused');
    expect(refusal(answer(asked, { decision: 'Approve' }, bob))).toBe('nothing was refused');
    const eve: User = { username: 'eve', groups: ['releases'] };
    expect(refusal(answer(asked, { decision: 'Approve' }, eve))).toBe(
      '"eve" is not an approver; approvers: the users bob and the groups release',
    );
  });

  it('is refused from the requester of the run with notRequester', () => {
    const asked = approval({ notRequester: 'ada', users: ['ada'] });
    expect(refusal(answer(asked, { decision: 'Approve' }, ada))).toContain('requested the run and may not decide');
    expect(refusal(answer(asked, { decision: 'Approve' }, { username: 'bob', groups: [] }))).toContain(
      'is not an approver',
    );
  });

  it('of a service account is refused unless it is listed by name, whatever its groups', () => {
    const say = (request: Parameters<typeof approval>[0]) =>
      refusal(answer(approval(request), { decision: 'Approve' }, robot));
    expect(say({})).toContain('is a service account');
    expect(say({ groups: ['release'] })).toContain('is a service account');
    expect(say({ users: [robot.username] })).toBe('nothing was refused');
  });

  it('is refused after the signal has ended', () => {
    const ended = approval({}, { status: { phase: 'Delivered', decision: 'Reject' } });
    expect(refusal(answer(ended, { decision: 'Approve' }, ada))).toContain('has ended (Delivered with Reject)');
    expect(refusal(answer(approval({}, { status: { phase: 'Pending' } }), { decision: 'Approve' }, ada))).toBe(
      'nothing was refused',
    );
  });

  it('is refused after a hundred people have answered', () => {
    const responses = Array.from({ length: 100 }, (_, index) => ({ username: `user-${index}` }));
    const full = approval();
    const old = { ...full, spec: { ...full.spec, responses } };
    expect(refusal(answer(old, { decision: 'Approve' }, ada))).toContain('100 people have answered');
  });

  it('keeps the groups of the approvers, however many groups the user has', () => {
    const groups = [...Array.from({ length: 80 }, (_, index) => `group-${index}`), 'release'];
    const stored = patched(approval({ groups: ['release'] }), { decision: 'Approve' }, { username: 'ada', groups });
    expect(stored.spec.responses?.[0]?.groups).toHaveLength(64);
    expect(stored.spec.responses?.[0]?.groups?.[0]).toBe('release');
  });

  it('is refused from a user whose name cannot be recorded', () => {
    expect(refusal(answer(approval(), { decision: 'Approve' }, { username: 'a'.repeat(254), groups: [] }))).toContain(
      'can be recorded',
    );
  });
});

describe('a Signal that a user creates', () => {
  it('records its sender with an attestation', () => {
    const sent = data();
    const { spec } = taken(stampSignal({ object: sent }, moment(ada)));
    const stored = { ...sent, spec: { ...sent.spec, ...spec } };
    expect(stored.spec.sender).toMatchObject({ username: 'ada', time: '2026-01-02T03:04:05.678Z' });
    expect(attestation.sender(stored)).toBe(true);
  });

  it('gets its generated name before the attestation, which covers the name', () => {
    const sent = data({}, { name: '', generateName: 'paid-' });
    const { name, spec } = taken(stampSignal({ object: sent }, moment(ada)));
    expect(name).toBe('paid-x1y2z3w4');
    const stored = { ...sent, metadata: { ...metadata, name: name ?? '' }, spec: { ...sent.spec, ...spec } };
    expect(attestation.sender(stored)).toBe(true);
  });

  it('cannot name another sender or chosen groups', () => {
    expect(refusal(stampSignal({ object: data({ sender: { username: 'bob' } }) }, moment(ada)))).toContain(
      'spec.sender: "bob" is not the sender',
    );
    const forged = data({ sender: { username: 'ada', groups: ['admins'], attestation: 'x' } });
    const { spec } = taken(stampSignal({ object: forged }, moment(ada)));
    expect(spec.sender).toMatchObject({ groups: ada.groups });
  });

  it('cannot be an Approval or Input, which only the operator creates', () => {
    for (const object of [approval(), input([])]) {
      expect(refusal(stampSignal({ object }, moment(ada)))).toContain('only the operator creates');
    }
  });

  it('keeps its sender when its manifest is applied again without one', () => {
    const old = data({ sender: { username: 'ada' } });
    expect(stampSignal({ object: data(), old }, moment(ada))).toEqual({ spec: { sender: { username: 'ada' } } });
    expect(stampSignal({ object: old, old }, moment(ada))).toEqual({ spec: {} });
  });
});
