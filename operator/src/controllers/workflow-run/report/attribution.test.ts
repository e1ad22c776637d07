import { describe, expect, it } from 'vitest';
import { UNATTESTED, type WorkflowRun } from '../../../api/index.ts';
import { testProofs } from '../../testing/proofs.ts';
import { peopleOf } from './attribution.ts';

const run = (spec: Partial<WorkflowRun['spec']>): WorkflowRun => ({
  apiVersion: '',
  kind: 'WorkflowRun',
  metadata: { name: 'r' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Paused', ...spec },
});
const proves = testProofs();
const attested = { attests: { ...UNATTESTED, requester: () => true, desiredState: () => true }, proves };
const unattested = { attests: UNATTESTED, proves };
const UNKNOWN = { requesters: { usernames: [], unknown: true } };

describe('what a status says of people', () => {
  it('is that nobody is known where nobody is named', () => {
    expect(peopleOf(run({}), attested)).toEqual(UNKNOWN);
  });

  it('is whether somebody vouches for them', () => {
    const spec = { requester: { username: 'ada' }, desiredStateBy: { username: 'bob', time: 't' } };
    expect(peopleOf(run(spec), attested)).toEqual({
      requester: { username: 'ada', attested: true },
      requesters: { usernames: ['ada'] },
      desiredStateBy: { username: 'bob', attested: true, time: 't' },
    });
    expect(peopleOf(run(spec), unattested)).toMatchObject({
      requester: { attested: false },
      desiredStateBy: { attested: false },
    });
  });

  it('is not who asked for a state that the operator has changed since', () => {
    const desiredStateBy = { username: 'bob', attestation: 'of another state' };
    expect(peopleOf(run({ desiredStateBy }), unattested)).toEqual(UNKNOWN);
  });
});
