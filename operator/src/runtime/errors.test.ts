import { describe, expect, it } from 'vitest';
import { ApiError, isConflict, isInvalid, isPatchMismatch, type KubeStatus } from './errors.ts';

const failure = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
const generic = 'the server rejected our request due to an error in our request';
const run = { name: 'r', group: 'flow.ado.dev', kind: 'WorkflowRun' };
const denied =
  "workflowruns.flow.ado.dev \"r\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request";

/** What an API server answers with 422. */
const ANSWERS: readonly (readonly [string, KubeStatus, 'Mismatch' | 'Invalid'])[] = [
  [
    'a `test` of a JSON patch that failed, or a path that is gone',
    { ...failure, message: generic, reason: 'Invalid', details: {}, code: 422 },
    'Mismatch',
  ],
  ['the same without details', { ...failure, message: generic, reason: 'Invalid', code: 422 }, 'Mismatch'],
  [
    'the same in the words of another version',
    { ...failure, message: 'testing value /metadata/uid failed', reason: 'Invalid', details: {}, code: 422 },
    'Mismatch',
  ],
  [
    'a value against the schema of a CRD',
    {
      ...failure,
      message:
        'WorkflowRun.flow.ado.dev "r" is invalid: status.phase: Unsupported value: "Going": supported values: "Running"',
      reason: 'Invalid',
      details: {
        ...run,
        causes: [
          {
            reason: 'FieldValueNotSupported',
            message: 'Unsupported value: "Going": supported values: "Running"',
            field: 'status.phase',
          },
        ],
      },
      code: 422,
    },
    'Invalid',
  ],
  [
    'a CEL rule of a CRD',
    {
      ...failure,
      message: 'WorkflowRun.flow.ado.dev "r" is invalid: spec: Invalid value: "object": spec never changes',
      reason: 'Invalid',
      details: {
        ...run,
        causes: [
          { reason: 'FieldValueInvalid', message: 'Invalid value: "object": spec never changes', field: 'spec' },
        ],
      },
      code: 422,
    },
    'Invalid',
  ],
  [
    'strict decoding, which names a field and no object',
    {
      ...failure,
      message: ' "" is invalid: patch: Invalid value: "{…}": strict decoding error: unknown field "status.fase"',
      reason: 'Invalid',
      details: {
        causes: [
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: "{…}": strict decoding error: unknown field "status.fase"',
            field: 'patch',
          },
        ],
      },
      code: 422,
    },
    'Invalid',
  ],
  [
    'a validating admission policy',
    {
      ...failure,
      message: `${denied}: too many tasks`,
      reason: 'Invalid',
      details: { ...run, causes: [{ message: `${denied}: too many tasks` }] },
      code: 422,
    },
    'Invalid',
  ],
  [
    'a webhook that answers 422 without details',
    {
      ...failure,
      message: 'admission webhook "w.example.com" denied the request: no',
      reason: 'Invalid',
      code: 422,
    },
    'Invalid',
  ],
  [
    'an object that the server judged without a cause',
    { ...failure, message: 'Pod "a" is invalid', reason: 'Invalid', details: { name: 'a', kind: 'Pod' }, code: 422 },
    'Invalid',
  ],
  ['something else than the API server', { message: 'Unprocessable Entity' }, 'Invalid'],
];

describe('an answer with 422', () => {
  it.each(ANSWERS)('by %s is told apart', (_name, body, kind) => {
    const error = new ApiError(422, body);
    expect([isPatchMismatch(error), isInvalid(error)]).toEqual([kind === 'Mismatch', kind === 'Invalid']);
    expect(isConflict(error)).toBe(false);
  });

  it('is the only one that is either', () => {
    const body = { ...failure, message: generic, reason: 'Invalid', details: {} };
    for (const error of [new ApiError(409, body), new ApiError(400, body), new Error(generic), undefined]) {
      expect([isPatchMismatch(error), isInvalid(error)]).toEqual([false, false]);
    }
  });
});
