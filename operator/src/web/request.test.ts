import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { AddressGuard } from './addresses.ts';
import { HostList } from './hosts.ts';
import { ask, WebError, type WebPolicy, type WebRequest } from './request.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real server on the loopback, and a policy under which names of `.test` lead to it. */
async function serve(answer: (request: Seen, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body });
    answer({ method, url, headers, body }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const policy: WebPolicy = {
    hosts: new HostList(['a.test:*', 'b.test:*', 'inside.test', '127.0.0.1:*']),
    addresses: new AddressGuard('Operator', ['127.0.0.1/32']),
    resolve: async (host) => (host === 'inside.test' ? ['10.0.0.1', '::1'] : ['127.0.0.1']),
  };
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    seen,
    policy,
    at: (host: string, path = '/') => `http://${host}:${port}${path}`,
    [Symbol.asyncDispose]: stop,
  };
}

const get = (url: string, more: Partial<WebRequest> = {}): WebRequest => ({
  ...{ url, method: 'GET', headers: {}, body: undefined, timeoutMs: 5000 },
  ...more,
});
const failure = async (asked: Promise<unknown>): Promise<WebError> => {
  const error = await asked.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WebError);
  return error as WebError;
};

describe('a request', () => {
  it('sends what it is given, to the address that its name was resolved to', async () => {
    await using server = await serve((_request, response) =>
      response.writeHead(201, { 'content-type': 'text/x' }).end('done'),
    );
    const request = get(server.at('a.test', '/p?q=1'), { method: 'POST', headers: { 'X-Key': 'k' }, body: 'hello' });
    const answer = await ask(request, server.policy);
    expect(answer).toMatchObject({ status: 201, contentType: 'text/x', isWhole: true });
    expect(answer.body.toString()).toBe('done');
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: 'POST', url: '/p?q=1', body: 'hello' });
    expect(seen?.headers).toMatchObject({ 'x-key': 'k', host: new URL(request.url).host });
  });

  it('reads no more than the beginning of a long answer', async () => {
    await using server = await serve((_request, response) => {
      const write = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', write);
      };
      write();
    });
    const answer = await ask(get(server.at('a.test')), server.policy);
    expect([answer.body.length, answer.isWhole]).toEqual([16_384, false]);
  });

  it.each([
    ['a host that is not listed', 'http://c.test/', 'HttpNotAllowed', 'c.test is not listed in --http-hosts'],
    ['a name that leads inside', 'http://inside.test/?token=secret', 'HttpNotAllowed', 'inside.test leads to 10.0.0.1'],
    ['another scheme', 'file:///etc/passwd', 'HttpFailed', 'file:'],
    ['no URL', 'a.test', 'HttpFailed', 'is no URL'],
    ['credentials in the URL', 'http://u:secret@a.test/', 'HttpFailed', 'headersFrom'],
  ] as const)('is not made to %s', async (_name, url, reason, says) => {
    await using server = await serve((_request, response) => response.end());
    const error = await failure(ask(get(url), server.policy));
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(says);
    expect(error.message).not.toContain('secret');
  });

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::1]/',
    'http://0177.0.0.1/',
    'http://017700000001/',
    'http://0x7f000001/',
    'http://127.0.0.1./',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://[2002:7f00:1::]/',
  ])('does not reach this host by writing it as %s', async (url) => {
    const policy = { addresses: new AddressGuard('Operator') };
    expect((await failure(ask(get(url), policy))).reason).toBe('HttpNotAllowed');
  });

  it('does not follow a redirect to a port that is not listed', async () => {
    await using other = await serve((_request, response) => response.end('secret'));
    await using server = await serve((_request, response) =>
      response.writeHead(302, { location: other.at('a.test') }).end(),
    );
    const hosts = new HostList([new URL(server.at('a.test')).host]);
    const answer = await ask(get(server.at('a.test')), { ...server.policy, hosts });
    expect([answer.status, other.seen.length]).toEqual([302, 0]);
  });

  it('resolves a name once, and connects to nothing else', async () => {
    await using server = await serve((_request, response) => response.end());
    let resolved = 0;
    const resolve = async () => (resolved++ === 0 ? ['127.0.0.1'] : ['10.0.0.1']);
    await ask(get(server.at('a.test')), { ...server.policy, resolve });
    expect(resolved).toBe(1);
  });

  it('has a limit of time for all of it, and ends when it is given up', async () => {
    await using server = await serve((_request, response) => void response.write('begins'));
    const late = await failure(ask(get(server.at('a.test', '/slow?token=secret'), { timeoutMs: 200 }), server.policy));
    expect(late.message).toMatch(/\/slow within 200 ms$/);
    const deaf = { ...server.policy, resolve: () => new Promise<string[]>(() => undefined) };
    await failure(ask(get(server.at('a.test'), { timeoutMs: 50 }), deaf));
    const stop = new AbortController();
    const asked = ask(get(server.at('a.test')), server.policy, stop.signal);
    stop.abort();
    await failure(asked);
  });

  it('says what the network said', async () => {
    const policy = { addresses: new AddressGuard('Operator', ['127.0.0.1/32']), resolve: async () => ['127.0.0.1'] };
    const error = await failure(ask(get('http://a.test:1/'), policy));
    expect([error.reason, error.message]).toEqual(['HttpFailed', expect.stringContaining('ECONNREFUSED')]);
  });
});

describe('a redirect', () => {
  const moving = (to: (request: Seen) => string | undefined, status = 302) =>
    serve((request, response) => {
      const location = to(request);
      if (location === undefined) response.end('arrived');
      else response.writeHead(status, { location }).end('moved');
    });
  const once = (to: string) => (request: Seen) => (request.url === '/' ? to : undefined);

  it('is followed on the same host with its headers, and on another listed one without them', async () => {
    await using server = await moving(once('/there'));
    await ask(get(server.at('a.test'), { headers: { 'X-Key': 'k' } }), server.policy);
    expect(server.seen.map(({ url, headers }) => [url, headers['x-key']])).toEqual([
      ['/', 'k'],
      ['/there', 'k'],
    ]);
    await using elsewhere = await moving(({ headers }) =>
      headers.host?.startsWith('a.') ? elsewhere.at('b.test', '/b') : undefined,
    );
    const answer = await ask(get(elsewhere.at('a.test'), { headers: { Authorization: 'k' } }), elsewhere.policy);
    expect(answer.body.toString()).toBe('arrived');
    expect(elsewhere.seen.map(({ headers }) => headers.authorization)).toEqual(['k', undefined]);
  });

  it.each([
    ['a host that is not listed', 'http://c.test/'],
    ['another scheme', 'ftp://a.test/'],
    ['credentials', 'http://u:p@a.test/'],
  ])('to %s is the answer', async (_name, location) => {
    await using server = await moving(() => location);
    const answer = await ask(get(server.at('a.test')), server.policy);
    expect(answer).toMatchObject({ status: 302, location });
    expect(server.seen).toHaveLength(1);
  });

  it('that leads inside is refused, whoever it is that redirects', async () => {
    await using server = await moving(() => 'http://inside.test/');
    expect((await failure(ask(get(server.at('a.test')), server.policy))).reason).toBe('HttpNotAllowed');
  });

  it('ends after five', async () => {
    await using server = await moving(() => '/again');
    expect(await ask(get(server.at('a.test')), server.policy)).toMatchObject({ status: 302 });
    expect(server.seen).toHaveLength(6);
  });

  it.each([
    [302, ['POST /']],
    [303, ['POST /', 'GET /there']],
    [307, ['POST /', 'POST /there']],
  ] as const)('of a POST by %i sends nothing twice that it should not', async (status, expected) => {
    await using server = await moving(once('/there'), status);
    await ask(get(server.at('a.test'), { method: 'POST', body: 'x' }), server.policy);
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(expected);
  });
});
