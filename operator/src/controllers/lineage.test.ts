import { describe, expect, it } from 'vitest';
import {
  joined,
  type Lineage,
  MAX_REQUESTERS,
  type Stamp,
  UNATTESTED,
  type Workflow,
  type WorkflowRun,
  withProvenance,
} from '../api/index.ts';
import { digestOfWritten, lineageOfWorkflow } from '../engine/index.ts';
import { begunLineageOf, lineageAtStart, lineageOf } from './lineage.ts';
import { testProofs } from './testing/proofs.ts';

const proves = testProofs();
/** Vouches for whatever has this attestation. */
const vouches = (stamp: Stamp | undefined) => stamp?.attestation === 'genuine';
const attests = {
  ...UNATTESTED,
  requester: ({ spec }: { spec: { requester?: Stamp | undefined } }) => vouches(spec.requester),
  desiredState: ({ spec }: { spec: { desiredStateBy?: Stamp | undefined } }) => vouches(spec.desiredStateBy),
  writer: ({ spec }: Workflow) => vouches(spec.writer),
};
const deps = { attests, proves };
const genuine = (username: string): Stamp => ({ username, attestation: 'genuine' });
const of = (...requesters: string[]): Lineage => ({ requesters, unknown: false });
const unknown = (...requesters: string[]): Lineage => ({ requesters, unknown: true });

const run = (spec: Partial<WorkflowRun['spec']> = {}, status?: WorkflowRun['status']): WorkflowRun => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'r', namespace: 'n', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running', ...spec },
  ...(status ? { status } : {}),
});
const SCHEDULED = { origin: { type: 'Schedule' as const, schedule: 's', slot: 't' } };
const seenAt = (at: string, written?: string): Workflow => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'w', namespace: 'n', uid: 'w' },
  spec: { tasks: [] },
  status: { firstSeen: { at, ...(written === undefined ? {} : { written }) } },
});
const LATER = seenAt('2026-06-01T00:00:00Z');
const EARLIER = seenAt('2025-06-01T00:00:00Z');

describe('who asked for a run that begins', () => {
  const made = withProvenance(run(SCHEDULED), { lineage: of('ada', 'bob'), depth: 0 }, proves);
  it.each([
    ['its own requester', run({ requester: genuine('ada') }), {}, of('ada')],
    ['nobody who is known, where nobody vouches', run({ requester: { username: 'ada' } }), {}, unknown()],
    ['nobody who is known, where nobody is named', run(), {}, unknown()],
    ['those of what led to it, where the operator made it', made, {}, of('ada', 'bob')],
    [
      'nobody who is known, where it only says that a trigger made it',
      run(SCHEDULED),
      { workflow: EARLIER },
      unknown(),
    ],
    ['nobody, where a trigger made it before there were proofs', run(SCHEDULED), { workflow: LATER }, of()],
    ['those of what it repeats, too', run({ requester: genuine('cyd') }), { repeats: of('ada') }, of('cyd', 'ada')],
    [
      'somebody who is not known, where that was so',
      run({ requester: genuine('cyd') }),
      { repeats: unknown('ada') },
      unknown('cyd', 'ada'),
    ],
  ])('is %s', (_who, asked, more, lineage) => {
    expect(lineageAtStart(asked, deps, more)).toEqual(lineage);
  });

  it('is nobody who is known, whatever is changed of a run that the operator made', () => {
    const { provenance } = made.spec;
    const changes: Partial<WorkflowRun['spec']>[] = [
      { parameters: [{ name: 'p', value: '1' }] },
      { workflowRef: { name: 'other' } },
      { origin: { ...SCHEDULED.origin, slot: 'other' } },
      { from: { run: 'x', mode: 'Rerun' } },
      { continues: { root: 'x', run: 'x', uid: 'x', index: 1, since: '' } },
      ...[{ requesters: [] }, { unknown: true }, { depth: 1 }, { workflow: 'x' }, { key: 'x' }].map((change) => ({
        provenance: { ...(provenance as NonNullable<typeof provenance>), ...change },
      })),
    ];
    for (const change of changes) {
      expect(lineageAtStart({ ...made, spec: { ...made.spec, ...change } }, deps), JSON.stringify(change)).toEqual(
        unknown(),
      );
    }
    for (const metadata of [{ name: 'x' }, { namespace: 'x' }]) {
      expect(lineageAtStart({ ...made, metadata: { ...made.metadata, ...metadata } }, deps)).toEqual(unknown());
    }
  });
});

describe('who asked for a run that has begun', () => {
  const STATE = { state: 'x' };
  const recorded = { ...STATE, requesters: { usernames: ['ada'] } };
  it.each([
    ['what its status says', run({}, recorded), of('ada')],
    ['its status, whatever it says itself', run({ requester: genuine('eve') }, recorded), of('ada')],
    ['of before: its requester', run({}, { ...STATE, requester: { username: 'ada', attested: true } }), of('ada')],
    [
      'of before: nobody who is known',
      run({}, { ...STATE, requester: { username: 'ada', attested: false } }),
      unknown('ada'),
    ],
    ['of before: nobody, where a trigger made it', run(SCHEDULED, STATE), of()],
  ])('is %s', (_who, begun, lineage) => {
    expect(begunLineageOf(begun, deps)).toEqual(lineage);
  });

  it('is besides whoever set it going again, if that is vouched for', () => {
    const by = (desiredStateBy: Stamp, desiredState: 'Running' | 'Paused' = 'Running') =>
      lineageOf(run({ desiredState, desiredStateBy }, recorded), deps);
    expect(by(genuine('bob'))).toEqual(of('ada', 'bob'));
    expect(by({ username: 'bob' })).toEqual(of('ada'));
    expect(by(genuine('bob'), 'Paused')).toEqual(of('ada'));
  });
});

describe('a lineage', () => {
  it('that has more people than are kept is not known as a whole', () => {
    const many = Array.from({ length: MAX_REQUESTERS }, (_, index) => `user-${index}`);
    expect(joined(of(...many), of('user-0'))).toEqual(of(...many));
    expect(joined(of(...many), of('one-more'))).toEqual(unknown(...many));
  });
});

describe('who asked for what the triggers of a Workflow start', () => {
  const written = (more: object): Workflow => ({ ...EARLIER, ...more });
  const digest = digestOfWritten({ tasks: [] });
  it.each([
    ['its writer', written({ spec: { tasks: [], writer: genuine('ada') } }), of('ada')],
    [
      'nobody who is known, where its writer is not vouched for',
      written({ spec: { tasks: [], writer: { username: 'ada' } } }),
      unknown(),
    ],
    ['nobody who is known, where it has none', written({}), unknown()],
    ['nobody, where nobody has touched it since it was accepted', seenAt('2026-06-01T00:00:00Z', digest), of()],
    [
      'nobody who is known, where somebody has',
      { ...seenAt('2026-06-01T00:00:00Z', digest), spec: { tasks: [], timeout: '1h' } },
      unknown(),
    ],
  ])('is %s', (_who, workflow, lineage) => {
    expect(lineageOfWorkflow(workflow, attests)).toEqual(lineage);
  });
});
