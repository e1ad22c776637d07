import { describe, expect, it } from 'vitest';
import { AbortedError, ApiError, ConnectionError, FencedError, isTimeoutOrUnknownOutcome } from './errors.ts';
import { classify, TerminalError, WaitingError } from './reconcile-error.ts';

describe('classify', () => {
  it.each([
    ['terminal', new TerminalError('InvalidSpec', 'no')],
    ['wait', new WaitingError('Pending', 'later', 5)],
    ['conflict', new ApiError(409, { reason: 'Conflict' })],
    ['retry', new ApiError(409, { reason: 'AlreadyExists' })],
    ['conflict', new ApiError(422, { reason: 'Invalid' })],
    ['retry', new ApiError(422, { reason: 'Invalid', details: { kind: 'Pod', name: 'a' } })],
    ['retry', new ApiError(500, {})],
    ['retry', new ConnectionError('ECONNREFUSED', 'down', false)],
    ['retry', new Error('anything')],
    ['stopped', new AbortedError('stop')],
    ['stopped', new FencedError('fence')],
    ['panic', new TypeError('x is not a function')],
    ['panic', new RangeError('invalid array length')],
    ['panic', 'a string'],
    ['panic', undefined],
  ])('makes %s of %s', (policy, error) => {
    expect(classify(error)).toBe(policy);
  });
});

describe('isTimeoutOrUnknownOutcome', () => {
  it.each([
    [new ConnectionError('UND_ERR_SOCKET', 'closed', true), true],
    [new ConnectionError('ECONNREFUSED', 'down', false), false],
    [new AbortedError('given up'), true],
    [new ApiError(504, { reason: 'Timeout' }), true],
    [new ApiError(429, { reason: 'TooManyRequests' }), false],
    [new ApiError(403, { reason: 'Forbidden' }), false],
    [new Error('other'), false],
  ])('of %s is %s', (error, unknown) => {
    expect(isTimeoutOrUnknownOutcome(error)).toBe(unknown);
  });
});
