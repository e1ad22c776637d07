import { describe, expect, it } from 'vitest';
import { ApiError, ConnectionError } from '../runtime/index.ts';
import { refusalOf } from './refusal.ts';

const error = (status: number, message: string) => new ApiError(status, { reason: 'x', message });

describe('a refused pod', () => {
  it.each([
    ['over quota waits for room', 403, 'pods "a" is forbidden: exceeded quota: q, requested: pods=1', 'Quota', true],
    [
      'against Pod Security fails the task',
      403,
      'pods "a" is forbidden: violates PodSecurity "restricted:latest"',
      'PodRejected',
      false,
    ],
    [
      'whose service account is missing waits for it',
      403,
      'pods "a" is forbidden: error looking up service account n/s',
      'PodRejected',
      true,
    ],
    [
      'in a namespace that ends is not held against it',
      403,
      'pods "a" is forbidden: unable to create new content in namespace n because it is being terminated',
      'PodRejected',
      true,
    ],
    ['that a webhook denies fails the task', 400, 'admission webhook "w" denied the request: no', 'PodRejected', false],
    ['that is invalid fails the task', 422, 'Pod "a" is invalid', 'PodRejected', false],
  ] as const)('%s', (_name, status, message, reason, retry) => {
    expect(refusalOf(error(status, message))).toMatchObject({ phase: 'Refused', reason, retry });
  });

  it('is not what a server says that is not well, or that was not reached', () => {
    const unwell = error(500, 'etcdserver: request timed out');
    expect(() => refusalOf(unwell)).toThrow(unwell);
    const away = new ConnectionError('ECONNREFUSED', 'refused', false);
    expect(() => refusalOf(away)).toThrow(away);
  });
});
