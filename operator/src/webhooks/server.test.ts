import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Webhook } from '../api/index.ts';
import { ApiError, realClock } from '../runtime/index.ts';
import { createMetrics } from '../telemetry/index.ts';
import { WebhookServer, type WebhookServerOptions } from './index.ts';
import { receiving, signatureOf } from './testing/receiving.ts';

const started: WebhookServer[] = [];
afterEach(() => Promise.all(started.splice(0).map((server) => server.stop(0))));

/** A server with one trigger. */
async function serving(webhook: Partial<Webhook> = {}, limits: WebhookServerOptions['limits'] = { refusalMs: 0 }) {
  const { receiver, created, fate: api, lines, logger } = receiving(webhook);
  const metrics = createMetrics({ process: false });
  const server = new WebhookServer({ host: '127.0.0.1', port: 0, receiver, logger, metrics, clock: realClock, limits });
  started.push(server);
  await server.start();
  const url = (path: string) => `http://127.0.0.1:${server.port}${path}`;
  const post = async (body: string, headers: Record<string, string> = {}, path = '/hooks/shop/release/push') => {
    const sent = { 'x-hub-signature-256': signatureOf(body), 'content-type': 'application/json', ...headers };
    const answer = await fetch(url(path), { method: 'POST', body, headers: sent });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  };
  return { server, post, url, created, api, metrics, lines };
}

describe('a request to a webhook', () => {
  it('that is signed starts one run with its parameters, and its repetition finds that run', async () => {
    const { post, created } = await serving({ with: { ref: '${{ body.ref }}' } });
    const first = await post('{"ref":"v1"}');
    expect(first).toMatchObject({ status: 202, body: { result: 'Accepted', namespace: 'shop' } });
    const again = await post('{"ref":"v1"}');
    expect(again).toMatchObject({ status: 200, body: { result: 'Duplicate', run: first.body.run } });
    const [run] = [...created.values()];
    expect(created.size).toBe(1);
    expect(run?.metadata.name).toMatch(/^release-[0-9a-f]{11}$/);
    expect(run?.spec).toMatchObject({
      parameters: [{ name: 'ref', value: 'v1' }],
      origin: { type: 'Webhook', trigger: 'push' },
    });
  });

  it('is identified by its delivery header, or by its idempotency key', async () => {
    const token = { secretKeyRef: { name: 'hook', key: 'secret' } };
    const shown = { authorization: 'Bearer a-secret-of-both' };
    const byHeader = await serving({ auth: { token } });
    await byHeader.post('{}', { ...shown, 'x-github-delivery': '1' });
    await byHeader.post('{}', { ...shown, 'x-github-delivery': '2' });
    expect(byHeader.created.size).toBe(2);
    const byKey = await serving({ idempotencyKey: 'body.id' });
    await byKey.post('{"id": 7, "n": 1}', { 'x-github-delivery': '1' });
    expect((await byKey.post('{"id": 7, "n": 2}', { 'x-github-delivery': '2' })).status).toBe(200);
    expect(byKey.created.size).toBe(1);
  });

  it('that arrives many times at once starts one run', async () => {
    const { post, created } = await serving();
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('{"a":1}')));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(new Set(answers.map(({ body }) => body.run)).size).toBe(1);
    expect(created.size).toBe(1);
  });

  it('gets the same answer for a wrong signature and an unknown trigger, Workflow or namespace', async () => {
    const { post, created } = await serving();
    const answers = [
      await post('{}', { 'x-hub-signature-256': 'sha256=00' }),
      await post('{}', {}, '/hooks/shop/release/pull'),
      await post('{}', {}, '/hooks/shop/other/push'),
      await post('{}', {}, '/hooks/elsewhere/release/push'),
    ];
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'Unauthorized', title: 'Unauthorized' } });
    expect(answers[0]?.headers.get('content-type')).toBe('application/problem+json');
    expect(created.size).toBe(0);
  });

  it('that is not authenticated gets the same answer after the same time, whatever exists', async () => {
    const { post, created } = await serving({ maxBodyBytes: 10 }, { refusalMs: 120 });
    const blind = await serving({}, { refusalMs: 120 });
    blind.api.hasNoSecret = true;
    const wrong = { 'x-hub-signature-256': 'sha256=00' };
    const asked = [
      () => post('{}', wrong),
      () => post('{}', wrong, '/hooks/shop/release/pull'),
      () => post('{}', wrong, '/hooks/shop/other/push'),
      () => post('{}', wrong, '/hooks/elsewhere/release/push'),
      () => post(`"${'x'.repeat(20)}"`, wrong),
      () => post(`"${'x'.repeat(300_000)}"`, wrong),
      () => post(`"${'x'.repeat(300_000)}"`, wrong, '/hooks/shop/other/push'),
      () => blind.post('{}'),
    ];
    const answers: string[] = [];
    for (const ask of asked) {
      const begun = performance.now();
      const { status, headers, body } = await ask();
      expect(performance.now() - begun).toBeGreaterThan(100);
      const told = [...headers].filter(([name]) => name !== 'date');
      answers.push(JSON.stringify([status, told, body]));
    }
    expect(new Set(answers).size).toBe(1);
    expect(created.size).toBe(0);
  });

  it('that is signed shows expressions only the signed parts', async () => {
    const filter = 'headers.size() == 0';
    const { post } = await serving({ filter }, {});
    expect((await post('{}', { 'x-github-event': 'push' }, '/hooks/shop/release/push?a=b')).status).toBe(202);
    for (const unsigned of ['headers["x-github-event"] == "push"', 'query.size() == 0', 'query["a"] == "b"']) {
      const { post: other } = await serving({ filter: unsigned });
      expect((await other('{}')).body.code, unsigned).toBe('NotReady');
    }
  });

  it('that is signed is identified by its body, and not by unsigned headers', async () => {
    const { post, created } = await serving();
    await post('{"a":1}', { 'x-github-delivery': '1' });
    const types = ['text/plain', 'application/x-www-form-urlencoded'];
    for (const type of types) {
      const again = await post('{"a":1}', { 'x-github-delivery': type, 'content-type': type });
      expect(again.body.result, type).toBe('Duplicate');
    }
    expect(created.size).toBe(1);
  });

  it('may have signed headers', async () => {
    const hmac = { secretKeyRef: { name: 'hook', key: 'secret' }, signed: '{headers.webhook-id}.{body}' };
    const { post, created } = await serving({ auth: { hmac }, filter: 'headers["webhook-id"].startsWith("m")' });
    const sign = (id: string, signed = id) =>
      post('{}', { 'webhook-id': id, 'x-hub-signature-256': signatureOf(`${signed}.{}`) });
    expect((await sign('m1')).body.result).toBe('Accepted');
    expect((await sign('m2')).body.result).toBe('Accepted');
    expect((await sign('m2')).body.result).toBe('Duplicate');
    expect((await sign('m3', 'm2')).status).toBe(401);
    expect(created.size).toBe(2);
  });

  it.each([
    ['with a false filter', { filter: 'body.ref == "main"' }, '{"ref":"dev"}', 200, { result: 'Filtered' }],
    [
      'with a filter that cannot be evaluated',
      { filter: 'body.ref == "main"' },
      '{}',
      422,
      { code: 'FilterFailed', field: 'filter' },
    ],
    ['with invalid JSON', {}, '{oops', 422, { code: 'BodyInvalid' }],
    [
      'without the value of a parameter',
      { with: { ref: '${{ body.ref }}' } },
      '{}',
      422,
      { code: 'ParametersInvalid', field: 'with.ref' },
    ],
    [
      'with a parameter of the wrong type',
      { with: { count: '${{ body.n }}' } },
      '{"n":"x"}',
      422,
      { code: 'ParametersInvalid', field: 'with' },
    ],
    [
      'with an empty key',
      { idempotencyKey: 'body.id' },
      '{"id":""}',
      422,
      { code: 'KeyInvalid', field: 'idempotencyKey' },
    ],
    ['to a suspended trigger', { suspend: true }, '{}', 503, { code: 'Suspended' }],
    ['to an invalid trigger', { filter: 'nonsense ==' }, '{}', 503, { code: 'NotReady' }],
    ['over the size limit', { maxBodyBytes: 10 }, '{"long":"text"}', 413, { code: 'TooLarge' }],
  ])('%s starts no run', async (_how, webhook, text, status, body) => {
    const { post, created } = await serving(webhook);
    expect(await post(text)).toMatchObject({ status, body });
    expect(created.size).toBe(0);
  });

  it('shows expressions no header that holds a secret', async () => {
    for (const header of ['authorization', 'cookie', 'x-hub-signature-256']) {
      const { post } = await serving({ filter: `"${header}" in headers` });
      const answer = await post('{}', header === 'x-hub-signature-256' ? {} : { [header]: 'secret' });
      expect(answer.body, header).toEqual({ result: 'Filtered' });
    }
  });

  it('is answered 401 and logged once while its secret cannot be read', async () => {
    const { post, api, lines } = await serving();
    api.hasNoSecret = true;
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('{}')));
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'Unauthorized' } });
    const told = lines.filter((line) => line.includes('cannot read the secret of a webhook'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('there is no Secret');
  });

  it('over the rate limit is answered 429 with Retry-After, and only authenticated requests count', async () => {
    const { post } = await serving({ rateLimit: { count: 1, per: '1h' } });
    await post('{}', { 'x-hub-signature-256': 'sha256=00' });
    expect((await post('{"a":1}')).status).toBe(202);
    const refused = await post('{"a":2}');
    expect(refused).toMatchObject({ status: 429, body: { code: 'RateLimited' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3000);
  });

  it('is answered 503 after an error of the API server, and 422 when it refuses the run', async () => {
    const { post, api } = await serving();
    api.error = new ApiError(500, { reason: 'InternalError', message: 'secret details' });
    const later = await post('{}');
    expect(later).toMatchObject({ status: 503, body: { code: 'Unavailable' } });
    expect(JSON.stringify(later.body)).not.toContain('secret');
    expect(later.headers.get('retry-after')).toBe('10');
    api.error = new ApiError(403, { reason: 'Forbidden', message: 'quota of the namespace' });
    expect(await post('{}')).toMatchObject({
      status: 422,
      body: { code: 'RunRefused', detail: 'quota of the namespace' },
    });
  });
});

describe('the server', () => {
  it('accepts only POST, and only at /hooks', async () => {
    const { post, url } = await serving();
    expect((await post('{}', {}, '/')).status).toBe(404);
    expect((await post('{}', {}, '/hooks/shop/release/push/more')).status).toBe(404);
    const got = await fetch(url('/hooks/shop/release/push'));
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it.each([
    ['a content-length', (body: string) => body],
    ['chunks', (body: string) => new Blob([body]).stream()],
  ])('answers 413 to a far too large body with %s', async (_how, bodyOf) => {
    const { url } = await serving();
    const body = bodyOf('x'.repeat(8 * 1024 * 1024));
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const answer = await fetch(url('/hooks/shop/release/push'), init);
    expect([answer.status, await answer.json()]).toEqual([413, expect.objectContaining({ code: 'TooLarge' })]);
  });

  it('counts requests by result', async () => {
    const { post, metrics } = await serving();
    await post('{}');
    await post('{}', { 'x-hub-signature-256': 'x' });
    const text = await metrics.scrape();
    expect(text).toContain('ado_webhook_requests_total{result="Accepted"} 1');
    expect(text).toContain('ado_webhook_requests_total{result="Unauthorized"} 1');
  });

  it('closes the connection of a client that sends too slowly', async () => {
    const { server, metrics } = await serving({}, { headersMs: 300, requestMs: 600 });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('POST /hooks/shop/release/push HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12');
    const said = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    expect(said).toContain('408');
    expect(await metrics.scrape()).toContain('ado_webhook_requests_total{result="TooSlow"} 1');
  });

  it('closes connections over its limit', async () => {
    const { server } = await serving({}, { connections: 2 });
    const sockets = [1, 2, 3].map(() => connect(server.port, '127.0.0.1'));
    const dropped = await Promise.race(
      sockets.map((socket, index) => new Promise<number>((resolve) => socket.on('close', () => resolve(index)))),
    );
    expect(dropped).toBe(2);
    for (const socket of sockets) socket.destroy();
  });
});
