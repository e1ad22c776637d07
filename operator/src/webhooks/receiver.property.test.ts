import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { receiving, signatureOf } from './testing/receiving.ts';

const TRIGGER = {
  filter: 'body != null',
  with: { ref: '${{ body }}', count: '${{ headers.size() }}' },
  rateLimit: { count: 100_000, per: '1s' },
};
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 8 }).map((text) => Buffer.from(text)),
  fc.nat(5_000).map((depth) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))),
);
const requests = fc.record({
  bytes: bodies,
  query: fc.oneof(fc.string(), fc.constant('__proto__=1&constructor=2&a')),
  headers: fc.dictionary(
    fc.constantFrom('content-type', 'x-github-delivery', 'idempotency-key', 'x-hub-signature-256', '__proto__', 'a'),
    fc.oneof(fc.string(), fc.constantFrom('application/x-www-form-urlencoded', 'text/plain', 'application/json')),
  ),
});

describe('any request', () => {
  it('without the secret starts no run, and is answered 401', async () => {
    const { receiver, created } = receiving(TRIGGER);
    const target = receiver.find('shop', 'release', 'push');
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        expect(await receiver.receive(target, request)).toMatchObject({ status: 401, result: 'Unauthorized' });
      }),
    );
    expect(created.size).toBe(0);
  });

  it('with the secret starts a run or is refused, and its repetition gets the same result', async () => {
    const { receiver, created } = receiving(TRIGGER);
    const target = receiver.find('shop', 'release', 'push');
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const headers = { ...request.headers, 'x-hub-signature-256': signatureOf(request.bytes) };
        const first = await receiver.receive(target, { ...request, headers });
        expect([200, 202, 422]).toContain(first.status);
        const made = created.size;
        const again = await receiver.receive(target, { ...request, headers });
        expect(created.size).toBe(made);
        if ('run' in first) expect(again).toMatchObject({ status: 200, result: 'Duplicate', run: first.run });
        else expect(again).toEqual(first);
      }),
    );
    expect(created.size).toBeGreaterThan(0);
  });
});
