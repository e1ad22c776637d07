import { describe, expect, it } from 'vitest';
import { describeStatus, isSuccess, outputsOf, withoutSecrets } from './answer.ts';
import type { WebAnswer } from './request.ts';

const answer = (body: string, more: Partial<WebAnswer> = {}): WebAnswer => ({
  status: 200,
  contentType: 'application/json; charset=utf-8',
  body: Buffer.from(body),
  isWhole: true,
  ...more,
});
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe('what a request hands on', () => {
  it('is the status, the text, and the JSON of an answer that says it is JSON', () => {
    expect(outputsOf(answer('{"a":[1]}'))).toEqual({
      ...{ status: 200, body: '{"a":[1]}', json: { a: [1] }, truncated: false },
    });
    expect(outputsOf(answer('[]', { contentType: 'application/problem+json' })).json).toEqual([]);
    expect(outputsOf(answer('{"a":1}', { contentType: 'text/plain' })).json).toBeNull();
    expect(outputsOf(answer('{"a":', {}))).toMatchObject({ json: null, body: '{"a":', truncated: false });
  });

  it('prefers JSON to text, and says what is missing', () => {
    const large = JSON.stringify({ a: 'x'.repeat(3000) });
    expect(outputsOf(answer(large))).toEqual({ status: 200, body: '', json: JSON.parse(large), truncated: true });
    const huge = JSON.stringify({ a: 'x'.repeat(6000) });
    expect(outputsOf(answer(huge))).toEqual({ status: 200, body: huge.slice(0, 2048), json: null, truncated: true });
  });

  it('never parses JSON that was cut, which may look whole', () => {
    expect(outputsOf(answer('12', { isWhole: false }))).toEqual({
      status: 200,
      body: '12',
      json: null,
      truncated: true,
    });
  });

  it('always fits the termination message of a pod, and never ends in half a character', () => {
    for (const text of ['\u0001'.repeat(16_000), '€'.repeat(5000), '"'.repeat(16_000), '\ud83d\ude00'.repeat(4000)]) {
      const outputs = outputsOf(answer(text, { contentType: 'text/plain' }));
      expect(bytesOf(outputs)).toBeLessThanOrEqual(4095);
      expect(outputs.truncated).toBe(true);
      expect(outputs.body).not.toContain('�');
    }
  });
});

describe('a status', () => {
  it('is a success from 200 to 299, unless the task says otherwise', () => {
    expect([199, 200, 299, 300].map((status) => isSuccess(status, undefined))).toEqual([false, true, true, false]);
    expect([200, 404].map((status) => isSuccess(status, [404]))).toEqual([false, true]);
  });

  it('is told with the beginning of the answer, and without the query', () => {
    const request = { method: 'POST', url: 'https://a.example/x?token=secret' } as const;
    const message = describeStatus(request, answer(`no\n  way ${'.'.repeat(500)}`, { status: 500 }));
    expect(message).toMatch(/^POST https:\/\/a\.example\/x answered 500: no way \.+$/);
    expect(message.length).toBeLessThan(260);
    expect(message).not.toContain('secret');
    const moved = answer('', { status: 302, location: '/y' });
    expect(describeStatus(request, moved)).toBe('POST https://a.example/x answered 302; the redirect was not followed');
  });
});

describe('an answer to a request with secret headers', () => {
  it.each([
    ['Bearer s3cr3t-value', 'you sent Bearer s3cr3t-value', 'you sent [redacted]'],
    ['Bearer s3cr3t-value', 'token s3cr3t-value is not valid', 'token [redacted] is not valid'],
    ['s3cr3t"value', '{"you":"s3cr3t\\"value"}', '{"you":"[redacted]"}'],
    ['s3cr3t/value', 'see /login?t=s3cr3t%2Fvalue', 'see /login?t=[redacted]'],
    [
      `Basic ${Buffer.from('ada:s3cr3t').toString('base64')}`,
      'ada may not: s3cr3t is wrong',
      'ada may not: [redacted] is wrong',
    ],
    ['abc', 'abc', 'abc'],
    ['', 'a', 'a'],
  ])('does not hold what is in %j', (value, body, left) => {
    expect(withoutSecrets(answer(body), [value]).body.toString()).toBe(left);
  });

  it('is withheld where it is no success', () => {
    const request = { method: 'GET', url: 'https://a.example/x?y=z' } as const;
    expect(describeStatus(request, answer('s3cr3t', { status: 403 }), false)).toBe(
      'GET https://a.example/x answered 403: the answer is withheld; with failureMessage: Show its beginning is shown',
    );
  });
});
