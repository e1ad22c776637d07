import { describe, expect, it } from 'vitest';
import type { Backfill, WorkflowRun } from '../api/index.ts';
import type { User } from './people.ts';
import { stampRun } from './run-stamp.ts';
import type { Changes, Moment, Stamped } from './stamped.ts';
import { attesting } from './testing/attesting.ts';

const attestation = attesting(1);
const ada: User = { username: 'ada', groups: ['release'] };
const bob: User = { username: 'bob', groups: [] };
const moment = (user: User): Moment => ({ user, now: 0, attestation, suffix: 'x1y2z3w4' });
const TIME = '1970-01-01T00:00:00.000Z';

const run = (more: Partial<WorkflowRun['spec']> = {}, meta = {}): WorkflowRun => ({
  apiVersion: '',
  kind: 'WorkflowRun',
  metadata: { name: 'ship-1', namespace: 'shop', uid: 'u', ...meta },
  spec: { workflowRef: { name: 'ship' }, desiredState: 'Running', ...more },
});

function taken(stamped: Stamped): Changes {
  if ('refusal' in stamped) throw new Error(stamped.refusal);
  return stamped;
}

function stored(object: WorkflowRun, user: User, old?: WorkflowRun): WorkflowRun {
  const { spec, name } = taken(stampRun({ object, ...(old && { old }) }, moment(user)));
  const metadata = { ...object.metadata, ...(name && { name }) };
  return { ...object, metadata, spec: Object.assign({}, object.spec, spec) };
}

const refusal = (stamped: Stamped) => ('refusal' in stamped ? stamped.refusal : 'nothing was refused');

describe('a run that a user creates', () => {
  it('records its requester with an attestation', () => {
    const made = stored(run(), ada);
    expect(made.spec.requester).toMatchObject({ ...ada, time: TIME });
    expect(attestation.requester(made)).toBe(true);
  });

  it('cannot name another user as its requester', () => {
    const say = (more: Partial<WorkflowRun['spec']>) => refusal(stampRun({ object: run(more) }, moment(ada)));
    expect(say({ requester: { username: 'bob' } })).toBe(
      'spec.requester: "bob" is not the requesting user; omit the field, "ada" is recorded',
    );
    expect(stored(run({ requester: { username: 'ada', groups: ['admins'] } }), ada).spec.requester?.groups).toEqual([
      'release',
    ]);
    expect(stored(run({ desiredStateBy: { username: 'bob' } }), ada).spec.desiredStateBy).toBeUndefined();
  });

  it('gets a generated name short enough for the names of its pods', () => {
    const made = stored(run({}, { name: '', generateName: `${'a'.repeat(60)}-` }), ada);
    expect(made.metadata.name).toBe(`${'a'.repeat(44)}x1y2z3w4`);
    expect(attestation.requester(made)).toBe(true);
  });
});

describe('a change of desiredState', () => {
  const before = stored(run(), ada);
  const paused = stored({ ...before, spec: { ...before.spec, desiredState: 'Paused' } }, bob, before);

  it('records its user with an attestation', () => {
    expect(paused.spec.desiredStateBy).toMatchObject({ username: 'bob', time: TIME });
    expect(attestation.desiredState(paused)).toBe(true);
    expect(paused.spec.requester).toEqual(before.spec.requester);
  });

  it('is not recorded when only other fields change', () => {
    const labelled = { ...paused, metadata: { ...paused.metadata, labels: { seen: 'yes' } } };
    expect(stored(labelled, ada, paused).spec).toEqual(paused.spec);
  });

  it('cannot name another user', () => {
    const forged = (more: Partial<WorkflowRun['spec']>) =>
      refusal(stampRun({ object: { ...paused, spec: { ...paused.spec, ...more } }, old: paused }, moment(ada)));
    expect(forged({ desiredState: 'Running', desiredStateBy: { username: 'eve' } })).toContain(
      '"eve" is not the requesting user',
    );
    expect(forged({ desiredStateBy: { username: 'ada' } })).toContain('spec.desiredStateBy');
  });

  it('keeps the recorded fields when the manifest is applied again', () => {
    const { requester: _requester, desiredStateBy: _by, ...spec } = paused.spec;
    expect(stored({ ...paused, spec }, bob, paused).spec).toEqual(paused.spec);
  });
});

describe('a Backfill', () => {
  const backfill = (more: Partial<Backfill['spec']> = {}): Backfill => ({
    apiVersion: '',
    kind: 'Backfill',
    metadata: { name: 'may', namespace: 'shop', uid: 'u' },
    spec: {
      ...{ workflow: 'ship', schedule: 'nightly', from: '2026-05-01T00:00:00Z', to: '2026-06-01T00:00:00Z' },
      ...{ desiredState: 'Running', ...more },
    },
  });
  const put = (object: Backfill, user: User, old?: Backfill): Backfill => {
    const { spec } = taken(stampRun({ object, ...(old && { old }) }, moment(user)));
    return { ...object, spec: Object.assign({}, object.spec, spec) };
  };

  it('records its requester, and the user who resumes it', () => {
    const made = put(backfill(), ada);
    expect(made.spec.requester?.username).toBe('ada');
    expect(attestation.requester(made)).toBe(true);
    const paused = put({ ...made, spec: { ...made.spec, desiredState: 'Paused' } }, ada, made);
    const resumed = put({ ...paused, spec: { ...paused.spec, desiredState: 'Running' } }, bob, paused);
    expect(resumed.spec.desiredStateBy?.username).toBe('bob');
    expect(attestation.desiredState(resumed)).toBe(true);
    expect(attestation.requester(resumed)).toBe(true);
  });

  it('has an attestation that covers its window, and is void for a run of its name', () => {
    const made = put(backfill(), ada);
    expect(attestation.requester({ ...made, spec: { ...made.spec, to: '2027-01-01T00:00:00Z' } })).toBe(false);
    const { requester } = made.spec;
    const asRun = run({ workflowRef: { name: 'ship' }, ...(requester && { requester }) }, { name: 'may' });
    expect(attestation.requester(asRun)).toBe(false);
  });
});

describe('provenance', () => {
  it('is refused on a run that a user creates', () => {
    const claimed = run({ provenance: { requesters: ['ada'], depth: 0, proof: 'x' } });
    expect(refusal(stampRun({ object: claimed }, moment(ada)))).toContain('spec.provenance');
  });

  it('is bound to one run: the attestation of the requester covers parameters and the repeated run', () => {
    const made = stored(run({ parameters: [{ name: 'version', value: '1' }] }), ada);
    expect(attestation.requester(made)).toBe(true);
    const parameters = [{ name: 'version', value: '2' }];
    expect(attestation.requester({ ...made, spec: { ...made.spec, parameters } })).toBe(false);
    expect(attestation.requester({ ...made, spec: { ...made.spec, from: { run: 'x', mode: 'Rerun' } } })).toBe(false);
  });
});
