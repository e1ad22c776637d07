import { describe, expect, it } from 'vitest';
import { UNATTESTED, type WorkflowRun } from '../../api/index.ts';
import { peopleOf } from './people.ts';

const run = (spec: Partial<WorkflowRun['spec']>): WorkflowRun => ({
  apiVersion: '',
  kind: 'WorkflowRun',
  metadata: { name: 'r' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Paused', ...spec },
});
const attests = { ...UNATTESTED, requester: () => true, desiredState: () => true };

describe('what a status says of people', () => {
  it('is nothing where nobody is named', () => {
    expect(peopleOf(run({}), attests)).toEqual({});
  });

  it('is whether somebody vouches for them', () => {
    const spec = { requester: { username: 'ada' }, desiredStateBy: { username: 'bob', time: 't' } };
    expect(peopleOf(run(spec), attests)).toEqual({
      requester: { username: 'ada', attested: true },
      desiredStateBy: { username: 'bob', attested: true, time: 't' },
    });
    expect(peopleOf(run(spec), UNATTESTED)).toMatchObject({
      requester: { attested: false },
      desiredStateBy: { attested: false },
    });
  });

  it('is not who asked for a state that the operator has changed since', () => {
    const desiredStateBy = { username: 'bob', attestation: 'of another state' };
    expect(peopleOf(run({ desiredStateBy }), UNATTESTED)).toEqual({});
  });
});
