import { describe, expect, it } from 'vitest';
import type { AttemptObservation, HttpAction, RenderedHttp, RenderedTask, Task } from '../api/index.ts';
import { buildPod } from '../pods/index.ts';
import { HostList, type WebAnswer, WebError, type WebRequest } from '../web/index.ts';
import type { LiveAttempt, StartRequest } from './executor.ts';
import { HttpExecutor } from './http-executor.ts';
import { movableClock } from './testing/fake-objects.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };

/** An executor whose requests are answered by the test, and whose pods are only noted. */
function setUp({ image = '', http = {} as Partial<HttpAction>, url = 'https://a.example/x' } = {}) {
  const asked: { request: WebRequest; stop: AbortSignal; answer: (answer: Partial<WebAnswer> | Error) => void }[] = [];
  const started: StartRequest<RenderedTask>[] = [];
  const cancelled: string[] = [];
  const inPod: { observation: AttemptObservation } = { observation: { phase: 'Lost' } };
  const woken: string[] = [];
  const executor = new HttpExecutor({
    pods: {
      start: async (_run, request) => void started.push(request),
      observe: async (_run, live) => ({
        seen: live.map(({ path, attempt }) => ({ path, attempt, ...inPod })),
        recheckAfter: 5,
      }),
      cancel: async (_run, { path }) => void cancelled.push(path),
      release: async () => undefined,
      discard: async () => undefined,
    },
    hosts: new HostList(['a.example']),
    ask: (request, stop) =>
      new Promise((resolve, reject) => {
        const answer = (given: Partial<WebAnswer> | Error) => {
          if (given instanceof Error) return reject(given);
          resolve({ status: 200, contentType: 'text/plain', body: Buffer.from('ok'), isWhole: true, ...given });
        };
        asked.push({ request, stop, answer });
      }),
    image,
    allowedCidrs: ['10.0.0.0/8'],
    clock: movableClock(),
    wake: ({ name }) => void woken.push(name),
  });
  const rendered: RenderedHttp = { backend: 'Http', url, headers: { 'X-A': '$(b)' }, body: undefined };
  const task: Task = { name: 't', http: { url, ...http }, env: { NOT: 'needed' }, nodeSelector: { a: 'b' } };
  const requestOf = (path = 't', attempt = 0) => ({ path, attempt, task, defaults: undefined, rendered });
  const liveOf = (path = 't', attempt = 0): LiveAttempt => ({ path, attempt, backend: 'Http', task, rendered });
  const look = async (path?: string) => (await executor.observe(run, [liveOf(path)])).seen[0]?.observation;
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { executor, asked, started, cancelled, inPod, woken, requestOf, liveOf, look, settle };
}

describe('a request to a listed host', () => {
  it('is made by the operator, once for each attempt, and wakes the run with its result', async () => {
    const at = setUp({ http: { method: 'POST', requestTimeout: '5s' } });
    expect(await at.executor.start(run, at.requestOf())).toBeUndefined();
    await at.executor.start(run, at.requestOf());
    expect(at.asked.map(({ request }) => request)).toEqual([
      { url: 'https://a.example/x', method: 'POST', headers: { 'X-A': '$(b)' }, body: undefined, timeoutMs: 5000 },
    ]);
    expect(await at.look()).toMatchObject({ phase: 'Running' });
    at.asked[0]?.answer({});
    await at.settle();
    expect(at.woken).toEqual(['r']);
    const outputs = { status: 200, body: 'ok', json: null, truncated: false };
    for (const _ of ['first', 'again']) expect(await at.look()).toMatchObject({ phase: 'Succeeded', outputs });
  });

  it('fails with its status or with what the network said', async () => {
    const at = setUp({ http: { successCodes: [201] } });
    for (const [attempt, answer] of [{}, new WebError('HttpFailed', 'no answer'), new Error('k: secret')].entries()) {
      await at.executor.start(run, at.requestOf('t', attempt));
      at.asked[attempt]?.answer(answer);
    }
    await at.settle();
    const live = [0, 1, 2].map((attempt) => at.liveOf('t', attempt));
    const seen = (await at.executor.observe(run, live)).seen.map(({ observation }) => observation);
    expect(seen).toMatchObject([
      { phase: 'Failed', cause: 'User', reason: 'HttpStatus', message: 'GET https://a.example/x answered 200: ok' },
      { phase: 'Failed', cause: 'User', reason: 'HttpFailed', message: 'no answer' },
      { phase: 'Failed', reason: 'HttpFailed', message: 'the request could not be made: Error' },
    ]);
    expect(seen.some((each) => each && 'exitCode' in each)).toBe(false);
  });

  it('is given up when it is cancelled, whatever is answered then', async () => {
    const at = setUp();
    await at.executor.start(run, at.requestOf());
    await at.executor.cancel(run, at.liveOf());
    expect(at.asked[0]?.stop.aborted).toBe(true);
    at.asked[0]?.answer({});
    await at.settle();
    expect(await at.look()).toMatchObject({ phase: 'Failed', reason: 'RunStopped' });
    expect([at.cancelled, at.woken]).toEqual([[], ['r']]);
  });

  it('is forgotten once its result is stored, and lost with the process', async () => {
    const at = setUp();
    await at.executor.start(run, at.requestOf());
    at.asked[0]?.answer({});
    await at.settle();
    await at.executor.release(run, () => false);
    await at.executor.release({ ...run, uid: 'other' }, () => true);
    expect(await at.look()).toMatchObject({ phase: 'Succeeded' });
    await at.executor.release(run, () => true);
    expect(await at.look()).toMatchObject({ phase: 'Failed', cause: 'Infrastructure', reason: 'AnswerLost' });
  });

  it('waits while 64 others are under way, and comes again later beyond a thousand that wait', async () => {
    const at = setUp();
    for (let n = 0; n < 1064; n++) expect(await at.executor.start(run, at.requestOf(`t[${n}]`))).toBeUndefined();
    expect(at.asked).toHaveLength(64);
    expect(await at.look('t[64]')).toMatchObject({ phase: 'Pending' });
    expect(await at.executor.start(run, at.requestOf('more'))).toMatchObject({ phase: 'Refused', retry: true });
    await at.executor.cancel(run, at.liveOf('t[64]'));
    at.asked[0]?.answer({});
    await at.settle();
    expect(at.asked).toHaveLength(65);
    expect(await at.look('t[65]')).toMatchObject({ phase: 'Running' });
  });
});

describe('a request to any other host, or with a secret', () => {
  const secret = { Authorization: { secretKeyRef: { name: 's', key: 'k' } } };

  it.each([
    ['without secrets', {}, undefined, undefined, 'true'],
    ['with a secret', secret, undefined, undefined, 'false'],
    ['with a secret, where the task says so', secret, 'Show', 'Withhold', 'true'],
    ['with a secret, where the defaults say so', secret, undefined, 'Show', 'true'],
    ['without secrets, where the task says so', {}, 'Withhold', undefined, 'false'],
  ] as const)('shows the answer of a request %s as it is to: %s', async (_name, headersFrom, own, byDefault, shows) => {
    const at = setUp({ image: 'i:1', url: 'https://b.example/', http: { headersFrom } });
    const { task, ...request } = at.requestOf();
    const defaults = byDefault && { failureMessage: byDefault };
    await at.executor.start(run, { ...request, task: { ...task, ...(own && { failureMessage: own }) }, defaults });
    expect(at.started[0]?.rendered.env).toMatchObject({ ADO_HTTP_SHOWS_ANSWER: shows });
  });

  it.each([
    ['the host is not listed', { url: 'https://b.example/' }, 'b.example is not in --http-hosts'],
    ['a header is a secret', { http: { headersFrom: secret } }, 'headersFrom'],
    ['the text is no URL', { url: 'b.example', image: 'i' }, 'is no URL'],
  ])('is refused when %s and no image is set', async (_name, given, says) => {
    const at = setUp(given);
    const refusal = {
      phase: 'Refused',
      reason: 'HttpNotAllowed',
      retry: false,
      message: expect.stringContaining(says),
    };
    expect(await at.executor.start(run, at.requestOf())).toMatchObject(refusal);
    expect([at.asked, at.started]).toEqual([[], []]);
  });

  it('is made by a pod with the image that is set, in the surface of the task', async () => {
    const at = setUp({ image: 'i:1', http: { headersFrom: secret, successCodes: [200, 404] } });
    expect(await at.executor.start(run, at.requestOf())).toBeUndefined();
    expect(at.asked).toEqual([]);
    const [request] = at.started;
    if (!request) throw new Error('no pod was started');
    const [container] = buildPod({ run, ...request }).spec.containers;
    expect(container).toMatchObject({ image: 'i:1', command: ['/usr/bin/node', '/app/http-task.mjs'] });
    const env = Object.fromEntries(
      ((container?.env ?? []) as { name: string; value?: string; valueFrom?: unknown }[]).map((each) => [
        each.name,
        each.value ?? each.valueFrom,
      ]),
    );
    expect(env).toMatchObject({
      ADO_HTTP_URL: 'https://a.example/x',
      ADO_HTTP_METHOD: 'GET',
      ADO_HTTP_HEADERS: '{"X-A":"$$(b)"}',
      ADO_HTTP_HEADERS_FROM: '["Authorization"]',
      ADO_HTTP_HEADER_0: { secretKeyRef: { name: 's', key: 'k' } },
      ADO_HTTP_SUCCESS_CODES: '200,404',
      ADO_HTTP_ALLOW_CIDRS: '10.0.0.0/8',
      ADO_HTTP_SHOWS_ANSWER: 'false',
    });
    expect(env.NOT).toBeUndefined();
    expect(buildPod({ run, ...request }).spec.nodeSelector).toEqual({ a: 'b' });
  });

  it.each([
    [
      { phase: 'Succeeded', message: '{"status":200}' },
      { phase: 'Succeeded', message: '', outputs: { status: 200 } },
    ],
    [
      { exitCode: 22, message: 'the container ended with exit code 22: GET https://b.example/ answered 500' },
      { reason: 'HttpStatus', message: 'GET https://b.example/ answered 500' },
    ],
    [
      { exitCode: 23, message: 'the container ended with exit code 23: no answer' },
      { reason: 'HttpFailed', message: 'no answer' },
    ],
    [
      { exitCode: 1, message: 'the container ended with exit code 1: TypeError: Bearer hunter2 is no header' },
      { reason: 'ExitCode', exitCode: 1, message: "the container ended with exit code 1; see the pod's log" },
    ],
  ])('tells what its pod said in the words of a request: %j', async (said, expected) => {
    const at = setUp({ image: 'i' });
    const failed = { phase: 'Failed', cause: 'User', reason: 'ExitCode' };
    at.inPod.observation = { ...('exitCode' in said ? failed : {}), ...said } as AttemptObservation;
    const seen = await at.look();
    expect(seen).toMatchObject(expected);
    expect(seen && 'exitCode' in seen).toBe('exitCode' in expected);
  });

  it('is lost as a pod', async () => {
    expect(await setUp({ image: 'i', url: 'https://b.example/' }).look()).toEqual({ phase: 'Lost' });
  });

  it('is cancelled as a pod', async () => {
    const at = setUp({ image: 'i', url: 'https://b.example/' });
    await at.executor.start(run, at.requestOf());
    await at.executor.cancel(run, at.liveOf());
    expect(at.cancelled).toEqual(['t']);
  });
});
