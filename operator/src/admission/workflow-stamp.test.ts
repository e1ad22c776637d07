import { describe, expect, it } from 'vitest';
import type { Workflow } from '../api/index.ts';
import type { User } from './people.ts';
import type { Moment, Stamped } from './stamped.ts';
import { attesting } from './testing/attesting.ts';
import { stampWorkflow } from './workflow-stamp.ts';

const attestation = attesting(1);
const ada: User = { username: 'ada', groups: ['release'] };
const argo: User = { username: 'system:serviceaccount:argocd:controller', groups: [] };
const moment = (user: User): Moment => ({ user, now: 0, attestation, suffix: 'x1y2z3w4' });

const workflow = (more: Partial<Workflow['spec']> = {}): Workflow => ({
  apiVersion: '',
  kind: 'Workflow',
  metadata: { name: 'ship', namespace: 'shop', uid: 'u' },
  spec: { tasks: [{ name: 'a', run: 'true', image: 'busybox' }], ...more },
});
const schedules = [{ name: 'nightly', cron: '0 3 * * *' }];

function stored(object: Workflow, user: User, old?: Workflow): Workflow {
  const stamped = stampWorkflow({ object, ...(old && { old }) }, moment(user));
  if ('refusal' in stamped) throw new Error(stamped.refusal);
  const spec = JSON.parse(JSON.stringify({ ...object.spec, ...stamped.spec })) as Workflow['spec'];
  return { ...object, metadata: { ...object.metadata, name: stamped.name ?? object.metadata.name }, spec };
}

const refusal = (stamped: Stamped) => ('refusal' in stamped ? stamped.refusal : 'nothing was refused');
const writerOf = (made: Workflow) => [made.spec.writer?.username, attestation.writer(made)];

describe('a Workflow that a user writes', () => {
  it('records its writer with an attestation, also under a generated name', () => {
    expect(writerOf(stored(workflow(), ada))).toEqual(['ada', true]);
    const generated = { ...workflow(), metadata: { name: '', generateName: 'ship-', namespace: 'shop' } };
    const made = stored(generated, ada);
    expect(made.metadata.name).toBe('ship-x1y2z3w4');
    expect(writerOf(made)).toEqual(['ada', true]);
  });

  it.each([
    ['a task', { tasks: [{ name: 'a', run: 'false', image: 'busybox' }] }],
    ['a trigger', { triggers: { schedules } }],
    ['whether a trigger is suspended', { triggers: { schedules: [{ ...schedules[0], suspend: true }] } }],
    ['a parameter', { parameters: [{ name: 'p', default: '1' }] }],
  ])('gets a new writer when %s changes', (_what, change) => {
    const before = stored(workflow(), ada);
    const { writer: _left, ...spec } = before.spec;
    const after = stored({ ...before, spec: { ...spec, ...change } as Workflow['spec'] }, argo, before);
    expect(writerOf(after)).toEqual([argo.username, true]);
    // The old stamp does not cover the new content.
    expect(attestation.writer({ ...after, spec: { ...after.spec, writer: before.spec.writer } })).toBe(false);
  });

  it('keeps its writer when the manifest is applied again, or only retention changes', () => {
    const before = stored(workflow(), ada);
    expect(writerOf(stored(workflow(), argo, before))).toEqual(['ada', true]);
    expect(writerOf(stored(workflow({ retention: { succeeded: { count: 1 } } }), argo, before))).toEqual(['ada', true]);
  });

  it('that was changed without the webhook has no known writer, whatever unrelated changes follow', () => {
    const before = stored(workflow(), ada);
    const changed: Workflow = { ...before, spec: { ...before.spec, triggers: { schedules } } };
    expect(attestation.writer(changed)).toBe(false);
    expect(writerOf(stored(changed, argo, changed))).toEqual(['ada', false]);
  });

  it('cannot name another user as its writer', () => {
    const writer = { username: 'ada' };
    const say = (object: Workflow, old?: Workflow) =>
      refusal(stampWorkflow({ object, ...(old && { old }) }, moment(argo)));
    expect(say(workflow({ writer }))).toContain('spec.writer: "ada" is not the requesting user; omit the field');
    expect(say(workflow({ writer }), stored(workflow(), argo))).toContain('omit the field');
  });

  it('has an attestation that is void under another name, in another namespace, or of another writer', () => {
    const made = stored(workflow(), ada);
    const elsewhere = { ...made, metadata: { ...made.metadata, namespace: 'other' } };
    const named = { ...made, metadata: { ...made.metadata, name: 'other' } };
    const forged = { ...made, spec: { ...made.spec, writer: { ...made.spec.writer, username: 'bob' } } } as Workflow;
    for (const each of [elsewhere, named, forged]) expect(attestation.writer(each)).toBe(false);
  });
});
