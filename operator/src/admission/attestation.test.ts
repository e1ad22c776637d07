import { describe, expect, it } from 'vitest';
import type { Signal, SignalResponse, Stamp, WorkflowRun } from '../api/index.ts';
import { desiredStateClaim, requesterClaim, responseClaim, senderClaim } from './attestation.ts';
import { attesting } from './testing/attesting.ts';

const attestation = attesting(7);
const ada: Stamp = { username: 'ada', groups: ['release'], time: '2026-01-02T03:04:05.678Z' };
const metadata = { namespace: 'shop', name: 'ship-approve', uid: 'u-1' };

const signal = (more: Partial<Signal['spec']> = {}): Signal => ({
  apiVersion: '',
  kind: 'Signal',
  metadata,
  spec: { type: 'Data', run: 'ship', ...more },
});

const run = (more: Partial<WorkflowRun['spec']> = {}): WorkflowRun => ({
  apiVersion: '',
  kind: 'WorkflowRun',
  metadata: { ...metadata, name: 'ship' },
  spec: { workflowRef: { name: 'ship' }, desiredState: 'Running', ...more },
});

const answered = (more: Partial<SignalResponse> = {}): SignalResponse => {
  const response: SignalResponse = { ...ada, decision: 'Approve', digest: 'd', ...more };
  return { ...response, attestation: attestation.code(responseClaim(signal(), response)) };
};

describe('an attestation', () => {
  it('fits its claim, whatever the order of the fields', () => {
    const { username, ...rest } = answered();
    expect(attestation.response(signal(), { ...rest, username })).toBe(true);
  });

  it('does not fit a claim that differs in a single field, or another Signal', () => {
    const response = answered({ comment: 'well', values: { size: '1' } });
    expect(attestation.response(signal(), response)).toBe(true);
    const changes: Partial<SignalResponse>[] = [
      { username: 'eve' },
      { uid: 'x' },
      { groups: ['release', 'admins'] },
      { time: '2026-01-02T03:04:05.679Z' },
      { decision: 'Reject' },
      { comment: 'bad' },
      { values: { size: '2' } },
      { digest: 'e' },
    ];
    for (const change of changes) expect(attestation.response(signal(), { ...response, ...change })).toBe(false);
    for (const change of [{ namespace: 'other' }, { name: 'other' }, { uid: 'u-2' }]) {
      const other = { ...signal(), metadata: { ...metadata, ...change } };
      expect(attestation.response(other, response)).toBe(false);
    }
  });

  it('is valid only with the key that made it', () => {
    const other = attesting(8);
    const response = answered();
    expect(other.response(signal(), response)).toBe(false);
    const { attestation: _code, ...without } = response;
    expect(attestation.response(signal(), without)).toBe(false);
    expect(attestation.response(signal(), { ...response, attestation: '' })).toBe(false);
    expect(attestation.response(signal(), { ...response, attestation: 'é'.repeat(43) })).toBe(false);
  });

  it('covers the sender together with the data', () => {
    const sent = signal({ name: 'paid', data: { amount: '1' } });
    const sender = { ...ada, attestation: attestation.code(senderClaim(sent, ada)) };
    const of = (more: Partial<Signal['spec']>) => ({ ...sent, spec: { ...sent.spec, sender, ...more } });
    expect(attestation.sender(of({}))).toBe(true);
    expect(attestation.sender(sent)).toBe(false);
    expect(attestation.sender(of({ data: { amount: '2' } }))).toBe(false);
    expect(attestation.sender(of({ name: 'other' }))).toBe(false);
    expect(attestation.sender(of({ run: 'other' }))).toBe(false);
    expect(attestation.sender(of({ sender: { ...sender, username: 'eve' } }))).toBe(false);
  });

  it('covers the requester of a run and the user who sets its desired state', () => {
    const asked = run();
    const requester = { ...ada, attestation: attestation.code(requesterClaim(asked, ada)) };
    expect(attestation.requester(run({ requester }))).toBe(true);
    expect(attestation.requester(run({ requester, workflowRef: { name: 'other' } }))).toBe(false);
    expect(attestation.requester(run())).toBe(false);
    const paused = run({ desiredState: 'Paused' });
    const by = { ...ada, attestation: attestation.code(desiredStateClaim(paused, ada)) };
    expect(attestation.desiredState(run({ desiredState: 'Paused', desiredStateBy: by }))).toBe(true);
    expect(attestation.desiredState(run({ desiredState: 'Cancelled', desiredStateBy: by }))).toBe(false);
    expect(attestation.requester(run({ requester: by }))).toBe(false);
    expect(attestation.desiredState(run())).toBe(false);
  });

  it('is inherited by a run that another run causes', () => {
    const asked = run();
    const requester = { ...ada, attestation: attestation.code(requesterClaim(asked, ada)) };
    const child = { ...run({ workflowRef: { name: 'child' } }), metadata: { ...metadata, name: 'ship-child' } };
    const inherited = attestation.inherited(run({ requester }), child);
    expect(inherited).toMatchObject(ada);
    expect(
      attestation.requester({ ...child, spec: { ...child.spec, ...(inherited && { requester: inherited }) } }),
    ).toBe(true);
    const forged = { ...ada, attestation: 'x' };
    expect(attestation.inherited(run({ requester: forged }), child)).toEqual(ada);
    expect(attestation.inherited(asked, child)).toBeUndefined();
  });
});

describe('an existing attestation', () => {
  it('is valid only in namespaces that this operator serves', () => {
    const others = attesting(7, (namespace) => (namespace === 'shop' ? 'another operator serves it' : undefined));
    const response = answered();
    const sent = signal({ sender: { ...ada, attestation: '' } });
    const sender = { ...ada, attestation: attestation.code(senderClaim(sent, ada)) };
    const asked = run({ desiredState: 'Paused' });
    const requester = { ...ada, attestation: attestation.code(requesterClaim(asked, ada)) };
    const desiredStateBy = { ...ada, attestation: attestation.code(desiredStateClaim(asked, ada)) };
    const asks = run({ desiredState: 'Paused', requester, desiredStateBy });
    const judged = (by: typeof attestation) => [
      by.response(signal(), response),
      by.sender(signal({ sender })),
      by.requester(asks),
      by.desiredState(asks),
      by.inherited(asks, asks)?.attestation !== undefined,
    ];
    expect(judged(attestation)).toEqual([true, true, true, true, true]);
    expect(judged(others)).toEqual([false, false, false, false, false]);
    // The same key, as in a copied Secret, and another namespace.
    const elsewhere = { ...asks, metadata: { ...asks.metadata, namespace: 'other' } };
    expect(attestation.requester(elsewhere)).toBe(false);
  });
});
