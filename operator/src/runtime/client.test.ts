import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AccessTable } from './access.ts';
import {
  type ApiError,
  ConnectionError,
  FencedError,
  isAborted,
  isAlreadyExists,
  isConflict,
  isNotFound,
  isPatchMismatch,
  isTimeoutOrUnknownOutcome,
  isTooManyRequests,
} from './errors.ts';
import { LEASES, NAMESPACES, PODS, SERVICE_ACCOUNTS } from './resource.ts';
import { sendJson, sendStatus } from './testing/fake-api-server.ts';
import { harness } from './testing/set-up.ts';
import { until } from './testing/until.ts';

const pod = { metadata: { name: 'p', namespace: 'a' } };
const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('KubeClient', () => {
  it('reads an object from its encoded path, and says who it is', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod), { user: { token: 'secret' } });
    expect(await h.client.get(PODS, { namespace: 'a', name: 'x:y' })).toEqual(pod);
    const [seen] = h.server.requests;
    expect(seen?.url.pathname).toBe('/api/v1/namespaces/a/pods/x%3Ay');
    expect(seen?.headers['user-agent']).toBe('ado-operator/1.2.3');
    expect(seen?.headers.authorization).toBe('Bearer secret');
  });

  it('keeps the path of a server behind a prefix', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod), { path: '/k8s/clusters/c-1/' });
    await h.client.get(NAMESPACES, { name: 'a' });
    expect(h.server.requests[0]?.url.pathname).toBe('/k8s/clusters/c-1/api/v1/namespaces/a');
  });

  it('refuses to address a collection where an object is meant', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod));
    await expect(h.client.delete(PODS, { namespace: 'a', name: '' })).rejects.toThrow('metadata.name is empty');
    await expect(h.client.delete(PODS, { name: 'p' })).rejects.toThrow('metadata.namespace is empty');
    await expect(h.client.create(PODS, { metadata: { name: 'p' } })).rejects.toThrow('metadata.namespace is empty');
    expect(h.server.requests).toHaveLength(0);
  });

  it('lists a page with its parameters', async () => {
    await using h = await harness((_request, response) =>
      sendJson(response, { metadata: { resourceVersion: '9', continue: 'more' }, items: [pod] }),
    );
    const page = await h.client.list(PODS, { labelSelector: 'a=b,c', limit: 500, continue: 'x y', namespace: 'a' });
    expect(page.metadata.continue).toBe('more');
    expect(h.server.requests[0]?.url.search).toBe('?labelSelector=a%3Db%2Cc&limit=500&continue=x%20y');
  });

  it('writes strictly, under its field manager, with apiVersion and kind filled in', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod, 201));
    await h.client.create(PODS, pod, { dryRun: true });
    const [seen] = h.server.requests;
    expect(seen?.method).toBe('POST');
    expect(seen?.url.search).toBe('?fieldManager=ado-operator&fieldValidation=Strict&dryRun=All');
    expect(JSON.parse(seen?.body ?? '')).toEqual({ apiVersion: 'v1', kind: 'Pod', ...pod });
  });

  it('creates a subresource below its object', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod, 201));
    const token = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: 's', namespace: 'a' },
    };
    await h.client.create(SERVICE_ACCOUNTS, token, { subresource: 'token' });
    expect(h.server.requests[0]?.url.pathname).toBe('/api/v1/namespaces/a/serviceaccounts/s/token');
  });

  it('patches in the three ways, each with its content type', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod));
    const ref = { namespace: 'a', name: 'p' };
    await h.client.patch(
      PODS,
      ref,
      { kind: 'json', operations: [{ op: 'test', path: '/status/seq', value: 3 }] },
      { subresource: 'status' },
    );
    await h.client.patch(PODS, ref, { kind: 'merge', body: { metadata: { labels: null } } });
    await h.client.patch(PODS, ref, { kind: 'apply', object: pod, force: true }, { fieldManager: 'other' });
    expect(h.server.requests.map((request) => request.headers['content-type'])).toEqual([
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
    ]);
    expect(h.server.requests[0]?.url.pathname).toBe('/api/v1/namespaces/a/pods/p/status');
    expect(h.server.requests[2]?.url.search).toBe('?fieldManager=other&fieldValidation=Strict&force=true');
  });

  it('deletes with grace, propagation and preconditions in the body', async () => {
    await using h = await harness((_request, response) => sendJson(response, { kind: 'Status' }));
    await h.client.delete(
      PODS,
      { namespace: 'a', name: 'p' },
      { gracePeriodSeconds: 0, propagationPolicy: 'Background', preconditions: { uid: 'u', resourceVersion: '5' } },
    );
    expect(JSON.parse(h.server.requests[0]?.body ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Background',
      preconditions: { uid: 'u', resourceVersion: '5' },
    });
  });

  it.each([
    [404, 'NotFound', isNotFound],
    [409, 'AlreadyExists', isAlreadyExists],
    [409, 'Conflict', isConflict],
    [422, 'Invalid', isPatchMismatch],
    [429, 'TooManyRequests', isTooManyRequests],
    [500, 'InternalError', isTimeoutOrUnknownOutcome],
    [504, 'Timeout', isTimeoutOrUnknownOutcome],
  ])('tells %i %s by its predicate', async (code, reason, predicate) => {
    await using h = await harness((_request, response) => sendStatus(response, code, reason));
    const error = await thrown(h.client.create(PODS, pod));
    expect(predicate(error)).toBe(true);
    expect((error as ApiError).reason).toBe(reason);
    expect(h.server.requests).toHaveLength(1);
  });

  it('makes an error of an answer that is no Status, and bounds what it reads of it', async () => {
    await using h = await harness((_request, response) => {
      response.writeHead(502);
      response.end(`<html>${'x'.repeat(1_000_000)}`);
    });
    const error = (await thrown(h.client.get(PODS, pod.metadata))) as ApiError;
    expect(error.status).toBe(502);
    expect(error.message.length).toBeLessThan(1000);
  });

  it('says that the answer is not JSON', async () => {
    await using h = await harness((_request, response) => void response.end('<html>hello'));
    await expect(h.client.get(PODS, pod.metadata)).rejects.toThrow('not JSON; it starts with: <html>hello');
  });

  it('stops reading an answer that exceeds its bound', async () => {
    let sent = 0;
    await using h = await harness((_request, response) => {
      const more = () => {
        while (!response.destroyed && sent < 400 * 1024 * 1024) {
          sent += 1024 * 1024;
          if (!response.write(Buffer.alloc(1024 * 1024, 32))) return;
        }
      };
      response.on('drain', more);
      more();
    });
    const error = (await thrown(h.client.list(PODS))) as ConnectionError;
    expect(error.code).toBe('BodyTooLarge');
    expect(sent).toBeLessThan(200 * 1024 * 1024);
  });

  it('sends again what the server refused with Retry-After, and only that', async () => {
    let calls = 0;
    await using h = await harness((_request, response) =>
      ++calls < 3 ? sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '0' }) : sendJson(response, pod, 201),
    );
    await h.client.create(PODS, pod);
    expect(calls).toBe(3);
    expect(await h.metrics.scrape()).toContain('ado_api_requests_throttled_total 2');
  });

  it('sends a write only once when the outcome of a 503 is unknown, but a read again', async () => {
    let calls = 0;
    await using h = await harness((request, response) =>
      ++calls === 1 || request.method === 'POST'
        ? sendStatus(response, 503, 'ServiceUnavailable', { 'retry-after': '0' })
        : sendJson(response, pod),
    );
    expect(await h.client.get(PODS, pod.metadata)).toEqual(pod);
    expect(calls).toBe(2);
    expect(isTimeoutOrUnknownOutcome(await thrown(h.client.create(PODS, pod)))).toBe(true);
    expect(calls).toBe(3);
  });

  it('does not wait longer than its budget for a server that asks for patience', async () => {
    await using h = await harness((_request, response) =>
      sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '3600' }),
    );
    const error = (await thrown(h.client.get(PODS, pod.metadata))) as ApiError;
    expect(error.retryAfterMs).toBe(3_600_000);
    expect(h.server.requests).toHaveLength(1);
  });

  it('leaves an endpoint alone for as long as it asked, whichever of its requests it refused', async () => {
    const arrivals: { path: string; at: number }[] = [];
    await using h = await harness((request, response) => {
      arrivals.push({ path: request.url.pathname, at: performance.now() });
      if (arrivals.length === 1) sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '1' });
      else sendJson(response, pod, 201);
    });
    const first = h.client.create(PODS, pod);
    await until('the first create arrived', () => arrivals.length === 1);
    const [refused] = arrivals;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = h.client.create(PODS, { metadata: { name: 'q', namespace: 'a' } });
    await h.client.create(PODS, { metadata: { name: 'p', namespace: 'b' } });
    expect(arrivals.map(({ path }) => path)).toEqual(['a', 'b'].map((name) => `/api/v1/namespaces/${name}/pods`));
    await Promise.all([first, second]);
    const early = arrivals.slice(2).filter(({ at }) => at - (refused?.at ?? 0) < 1000);
    expect(arrivals).toHaveLength(4);
    expect(early).toEqual([]);
  });

  it('fails without asking while a server wants more patience than there is', async () => {
    await using h = await harness((_request, response) =>
      sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '3600' }),
    );
    expect(isTooManyRequests(await thrown(h.client.create(PODS, pod)))).toBe(true);
    const again = (await thrown(h.client.create(PODS, pod))) as ApiError;
    expect(isTooManyRequests(again)).toBe(true);
    expect(again.message).toContain('nothing was sent');
    expect(h.server.requests).toHaveLength(1);
  });

  it('gives up a request whose time is up, and says that the outcome is unknown', async () => {
    await using h = await harness(() => undefined, { timeoutMs: 50 });
    const error = (await thrown(h.client.create(PODS, pod))) as ConnectionError;
    expect(error.code).toBe('Timeout');
    expect(isTimeoutOrUnknownOutcome(error)).toBe(true);
  });

  it('bounds the time of an answer that drips', async () => {
    await using h = await harness(
      (_request, response) => {
        const timer = setInterval(() => response.write(' '), 5);
        response.on('close', () => clearInterval(timer));
      },
      { timeoutMs: 100 },
    );
    expect(((await thrown(h.client.get(PODS, pod.metadata))) as ConnectionError).code).toBe('Timeout');
  });

  it('gives a request up when its caller does', async () => {
    const abort = new AbortController();
    await using h = await harness(() => abort.abort());
    expect(isAborted(await thrown(h.client.get(PODS, pod.metadata, { signal: abort.signal })))).toBe(true);
    expect(isAborted(await thrown(h.client.get(PODS, pod.metadata, { signal: abort.signal })))).toBe(true);
    expect(h.server.requests).toHaveLength(1);
  });

  it('knows that a refused connection did nothing, and that a broken one may have', async () => {
    await using h = await harness(() => undefined, { timeoutMs: 5000 });
    const breaking = thrown(h.client.create(PODS, pod));
    await until('the request arrives', () => h.server.requests.length === 1);
    await h.server.stop();
    expect(isTimeoutOrUnknownOutcome(await breaking)).toBe(true);
    const refused = (await thrown(h.client.create(PODS, pod))) as ConnectionError;
    expect(refused).toBeInstanceOf(ConnectionError);
    expect(refused.code).toBe('ECONNREFUSED');
    expect(isTimeoutOrUnknownOutcome(refused)).toBe(false);
  });

  it('holds back what exceeds the in-flight cap, but not what is urgent', async () => {
    let out = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    await using h = await harness(
      async (_request, response) => {
        most = Math.max(most, ++out);
        await new Promise<void>((resolve) => waiting.push(resolve));
        out--;
        sendJson(response, pod);
      },
      { maxInFlight: 3 },
    );
    const all = Array.from({ length: 8 }, () => h.client.get(PODS, pod.metadata));
    await until('three requests are out', () => out === 3);
    const lease = h.client.get(LEASES, { namespace: 'a', name: 'l' }, { urgency: 'urgent' });
    await until('the urgent request passes', () => h.server.seen('/leases/').length === 1);
    const release = setInterval(() => waiting.shift()?.(), 1);
    await Promise.all([...all, lease]);
    clearInterval(release);
    expect(most).toBe(4);
    expect(h.server.requests).toHaveLength(9);
    expect(await h.metrics.scrape()).toContain('ado_api_requests_in_flight 0');
  });

  it('leaves the queue of the in-flight cap when its caller gives up', async () => {
    await using h = await harness(
      (request, response) => (request.url.pathname.endsWith('/second') ? sendJson(response, pod) : undefined),
      {
        maxInFlight: 1,
        timeoutMs: 300,
      },
    );
    const abort = new AbortController();
    const first = thrown(h.client.get(PODS, { namespace: 'a', name: 'first' }));
    const given = thrown(h.client.get(PODS, { namespace: 'a', name: 'given-up' }, { signal: abort.signal }));
    const second = h.client.get(PODS, { namespace: 'a', name: 'second' });
    abort.abort();
    expect(isAborted(await given)).toBe(true);
    await first;
    await second;
    expect(h.server.seen('given-up')).toHaveLength(0);
  });

  it('reads a rotated token file again when the server refuses the old token', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ado-token-'));
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one\n');
    let valid = 'Bearer one';
    await using h = await harness(
      (request, response) =>
        request.headers.authorization === valid ? sendJson(response, pod) : sendStatus(response, 401, 'Unauthorized'),
      { user: { authProvider: { name: 'tokenFile', config: { tokenFile } } } },
    );
    await h.client.get(PODS, pod.metadata);
    await writeFile(tokenFile, 'two\n');
    valid = 'Bearer two';
    await h.client.get(PODS, pod.metadata);
    expect(h.server.requests.map((request) => request.headers.authorization)).toEqual([
      'Bearer one',
      'Bearer one',
      'Bearer two',
    ]);
    valid = 'Bearer none';
    expect(((await thrown(h.client.get(PODS, pod.metadata))) as ApiError).status).toBe(401);
    expect(h.server.requests).toHaveLength(4);
    await rm(folder, { recursive: true });
  });

  it('runs an exec plugin again when the server refuses what it gave', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ado-exec-'));
    const counter = join(folder, 'count');
    await writeFile(counter, '');
    const script = `printf x >> ${counter}; printf '{"kind":"ExecCredential","status":{"token":"t%s"}}' "$(wc -c < ${counter} | tr -d ' ')"`;
    await using h = await harness(
      (request, response) =>
        request.headers.authorization === 'Bearer t2'
          ? sendJson(response, pod)
          : sendStatus(response, 401, 'Unauthorized'),
      { user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] } } },
    );
    await h.client.get(PODS, pod.metadata);
    await h.client.get(PODS, pod.metadata);
    expect(h.server.requests.map((request) => request.headers.authorization)).toEqual([
      'Bearer t1',
      'Bearer t2',
      'Bearer t2',
    ]);
    await rm(folder, { recursive: true });
  });

  it('refuses a call that its access table has no row for, before sending it', async () => {
    const access = new AccessTable([
      { type: PODS, verbs: ['get'] },
      { type: PODS, subresource: 'status', verbs: ['patch'] },
    ]);
    await using h = await harness((_request, response) => sendJson(response, pod), { access });
    await h.client.get(PODS, pod.metadata);
    await h.client.patch(PODS, pod.metadata, { kind: 'merge', body: {} }, { subresource: 'status' });
    await expect(h.client.list(PODS)).rejects.toThrow('no row for list pods');
    await expect(h.client.patch(PODS, pod.metadata, { kind: 'merge', body: {} })).rejects.toThrow(
      'no row for patch pods',
    );
    await expect(h.client.get(LEASES, pod.metadata)).rejects.toThrow('no row for get leases.coordination.k8s.io');
    expect(h.server.requests).toHaveLength(2);
  });

  it('writes nothing once its fence says no, but still reads', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod));
    let leader = true;
    const client = h.client.fenced(() => leader);
    await client.create(PODS, pod);
    leader = false;
    expect(await thrown(client.create(PODS, pod))).toBeInstanceOf(FencedError);
    expect(await thrown(client.delete(PODS, pod.metadata))).toBeInstanceOf(FencedError);
    expect(await thrown(client.patch(PODS, pod.metadata, { kind: 'merge', body: {} }))).toBeInstanceOf(FencedError);
    await client.get(PODS, pod.metadata);
    expect(h.server.requests).toHaveLength(2);
  });

  it('asks its fence once more when a write had to wait', async () => {
    let refused = false;
    await using h = await harness((_request, response) => {
      if (refused) return sendJson(response, pod, 201);
      refused = true;
      sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '1' });
    });
    let leader = true;
    const waiting = thrown(h.client.fenced(() => leader).create(PODS, pod));
    await until('the create was refused', () => refused);
    leader = false;
    expect(await waiting).toBeInstanceOf(FencedError);
    expect(h.server.requests).toHaveLength(1);
  });

  it('counts requests by code, method and host', async () => {
    await using h = await harness((request, response) =>
      request.method === 'POST' ? sendStatus(response, 409, 'AlreadyExists') : sendJson(response, pod),
    );
    await h.client.get(PODS, pod.metadata);
    await thrown(h.client.create(PODS, pod));
    const host = new URL(h.server.url).host;
    const text = await h.metrics.scrape();
    expect(text).toContain(`rest_client_requests_total{code="200",method="GET",host="${host}"} 1`);
    expect(text).toContain(`rest_client_requests_total{code="409",method="POST",host="${host}"} 1`);
    expect(text).toContain(`rest_client_request_duration_seconds_count{verb="GET",host="${host}"} 1`);
  });
});

describe('KubeClient.watch', () => {
  const watching = (onLine: (line: string) => Promise<void> | undefined, signal = new AbortController().signal) => ({
    signal,
    inactivityMs: 5000,
    onLine,
  });

  it('holds the server back while a line is worked on, and keeps the order', async () => {
    let sent = 0;
    let stalled = 0;
    const total = 200;
    await using h = await harness((_request, response) => {
      const more = () => {
        while (sent < total) {
          if (!response.write(`${JSON.stringify({ n: sent++, fill: 'x'.repeat(200_000) })}\n`)) {
            stalled = performance.now();
            return;
          }
        }
        response.end();
      };
      response.on('drain', more);
      more();
    });
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    const done = h.client.watch(
      PODS,
      { resourceVersion: '1' },
      watching((line) => {
        seen.push((JSON.parse(line) as { n: number }).n);
        return seen.length === 1 ? gate.promise : undefined;
      }),
    );
    await until('the server is held back', () => stalled > 0 && performance.now() - stalled > 200);
    expect(sent).toBeLessThan(total);
    expect(seen).toEqual([0]);
    gate.resolve();
    await done;
    expect(seen).toEqual(Array.from({ length: total }, (_, n) => n));
  });

  it('does not take work on a line for silence', async () => {
    await using h = await harness((_request, response) => void response.end('{"n":1}\n{"n":2}\n'));
    let lines = 0;
    const work = () => {
      lines++;
      return new Promise<void>((resolve) => setTimeout(resolve, 120));
    };
    await h.client.watch(PODS, { resourceVersion: '1' }, { ...watching(work), inactivityMs: 400 });
    expect(lines).toBe(2);
  });

  it('ends when its caller does, and leaves no connection open', async () => {
    const abort = new AbortController();
    let closed = false;
    await using h = await harness((_request, response) => {
      response.on('close', () => {
        closed = true;
      });
      response.writeHead(200).flushHeaders();
      abort.abort();
    });
    const error = await thrown(
      h.client.watch(
        PODS,
        { resourceVersion: '1' },
        watching(() => undefined, abort.signal),
      ),
    );
    expect(isAborted(error)).toBe(true);
    await until('the connection is closed', () => closed);
  });

  it('reads a rotated token again when it is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ado-watch-'));
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'one');
    let valid = 'Bearer one';
    await using h = await harness(
      (request, response) =>
        request.headers.authorization === valid ? void response.end('{}\n') : sendStatus(response, 401, 'Unauthorized'),
      { user: { authProvider: { name: 'tokenFile', config: { tokenFile } } } },
    );
    const lines: string[] = [];
    const once = () =>
      h.client.watch(
        PODS,
        { resourceVersion: '1' },
        watching((line) => void lines.push(line)),
      );
    await once();
    await writeFile(tokenFile, 'two');
    valid = 'Bearer two';
    await once();
    expect(lines).toEqual(['{}', '{}']);
    await rm(folder, { recursive: true });
  });
});

describe('a client with a token of somebody else', () => {
  const bearer = (request: { headers: Record<string, string | string[] | undefined> }) => request.headers.authorization;

  it('asks as that one alone, past the table of what we may do ourselves', async () => {
    const user = { token: 'ours', impersonateUser: 'somebody' };
    await using h = await harness((_request, response) => sendJson(response, pod), {
      user,
      access: new AccessTable([]),
    });
    await expect(h.client.get(PODS, pod.metadata)).rejects.toThrow('no row for get pods');
    await h.client.withToken('theirs').patch(PODS, pod.metadata, { kind: 'apply', object: pod, force: true });
    const [seen] = h.server.requests;
    expect(seen && bearer(seen)).toBe('Bearer theirs');
    expect(Object.keys(seen?.headers ?? {}).filter((name) => name.startsWith('impersonate'))).toEqual([]);
    expect(seen?.url.search).toContain('force=true');
  });

  it('does not show our token when the other one is refused', async () => {
    await using h = await harness((_request, response) => sendStatus(response, 401, 'Unauthorized'), {
      user: { token: 'ours' },
    });
    await expect(h.client.withToken('theirs').get(PODS, pod.metadata)).rejects.toMatchObject({ status: 401 });
    expect(h.server.requests.map(bearer)).toEqual(['Bearer theirs']);
  });

  it('does not write either once this process is not the leader', async () => {
    await using h = await harness((_request, response) => sendJson(response, pod));
    const fenced = h.client.fenced(() => false).withToken('theirs');
    await expect(fenced.create(PODS, pod)).rejects.toBeInstanceOf(FencedError);
    expect(h.server.requests).toHaveLength(0);
  });
});
