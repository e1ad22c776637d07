import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { loadProgramImage, PROGRAM_IMAGE } from '../../../hack/program-image.ts';
import type { WorkflowSpec } from '../../../src/api/index.ts';
import { it, ownStage, useOperator } from '../../support/e2e.ts';
import { CLUSTER_NAME } from '../../support/installation.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { OperatorProcess } from '../../support/operator-process.ts';
import { conditionOf, outputsOf, rowOf } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

const FLAGS = [
  ...['--http-hosts', '127.0.0.1:*,169.254.169.254:*'],
  ...['--http-allow-cidrs', '127.0.0.1/32'],
  ...['--http-image', PROGRAM_IMAGE],
];
useOperator({ flags: FLAGS });

type Task = WorkflowSpec['tasks'][number];
type Http = NonNullable<Task['http']>;

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Whether whoever asked gave it up. */
  isAbandoned: boolean;
}

const seen: Seen[] = [];
let server: Server;
/** Of this machine's addresses the one that pods reach; the operator, outside of the cluster, asks the loopback. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

/** Answers by path: /json, /status/500, /flaky (200 from the third time on), /silence. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { method = '', url = '', headers } = request;
  const noted: Seen = { method, path: url, headers, body, isAbandoned: false };
  response.on('close', () => {
    noted.isAbandoned = !response.writableFinished;
  });
  seen.push(noted);
  if (url.startsWith('/silence')) return;
  const times = seen.filter(({ path }) => path === url).length;
  const status = url.startsWith('/flaky') && times < 3 ? 503 : Number(/^\/status\/(\d+)/.exec(url)?.[1] ?? 200);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ path: url, items: [1, 2] }));
}

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  await loadProgramImage(CLUSTER_NAME);
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const at = (path: string, host = '127.0.0.1') => `http://${host}:${(server.address() as AddressInfo).port}${path}`;
const asked = (path: string) => seen.filter((each) => each.path === path);
const ask = (http: Http, more: Partial<Task> = {}): Task => ({ name: 'ask', http, ...more });

describe('a request to a listed host', () => {
  it.concurrent('hands on the status, the text and the JSON of its answer, and needs no pod', async ({ scenario }) => {
    const path = `/json?from=${scenario.namespace}`;
    const http = {
      url: '${{ params.url }}',
      method: 'POST' as const,
      headers: { 'X-Run': '${{ run.name }}' },
      body: '{"a": ${{ params.number }}}',
    };
    await scenario.given(
      workflow('post', {
        parameters: [{ name: 'url' }, { name: 'number', type: 'Integer' }],
        tasks: [
          ask(http),
          script('after', 'test "$STATUS $SECOND" = "200 2"', {
            needs: ['ask'],
            env: { STATUS: '${{ tasks.ask.outputs.status }}', SECOND: '${{ tasks.ask.outputs.json.items[1] }}' },
          }),
        ],
      }),
      workflowRun('post', 'post', { url: at(path), number: '7' }),
    );
    const run = await scenario.ended('post');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    const json = { path, items: [1, 2] };
    expect(outputsOf(run, 'ask')).toMatchObject({ status: 200, body: JSON.stringify(json), json, truncated: false });
    expect(asked(path)).toMatchObject([{ method: 'POST', body: '{"a": 7}', headers: { 'x-run': 'post' } }]);
    expect((await scenario.pods()).map(({ metadata }) => metadata.annotations?.['flow.ado.dev/task'])).toEqual([
      'after',
    ]);
  });

  it.concurrent('fails by its status, and is retried as any other task', FULL, async ({ scenario }) => {
    const path = `/flaky?from=${scenario.namespace}`;
    const retry = { limit: 3, backoff: { duration: '1s' } };
    await scenario.given(
      workflow('flaky', {
        tasks: [
          ask({ url: at(path) }, { retry }),
          ask({ url: at('/status/404') }, { name: 'gone', onFailure: 'Continue' }),
        ],
      }),
      workflowRun('flaky', 'flaky'),
    );
    const run = await scenario.ended('flaky');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(rowOf(run, 'ask')).toMatchObject({ phase: 'Succeeded', retries: 2 });
    expect(rowOf(run, 'gone')).toMatchObject({ phase: 'Failed', reason: 'HttpStatus' });
    expect(rowOf(run, 'gone').message).toMatch(/^GET http:.*\/status\/404 answered 404: \{"path"/);
    expect(asked(path)).toHaveLength(3);
  });

  it.concurrent('never reaches the credentials of a cloud, though its address is listed', async ({ scenario }) => {
    await scenario.given(
      workflow('metadata', { tasks: [ask({ url: 'http://169.254.169.254/latest/meta-data/' })] }),
      workflowRun('metadata', 'metadata'),
    );
    expect(rowOf(await scenario.ended('metadata'), 'ask')).toMatchObject({ phase: 'Failed', reason: 'HttpNotAllowed' });
  });

  it.concurrent('is given up when its task is stopped', FULL, async ({ scenario }) => {
    const path = `/silence?from=${scenario.namespace}`;
    await scenario.given(
      workflow('silent', { tasks: [ask({ url: at(path), requestTimeout: '10m' })] }),
      workflowRun('silent', 'silent'),
    );
    await scenario.until('it is asked', async () => asked(path).length > 0);
    await scenario.kubectl(['patch', 'awr', 'silent', '--type=merge', '-p', '{"spec":{"desiredState":"Cancelled"}}']);
    expect((await scenario.ended('silent')).status?.phase).toBe('Cancelled');
    await scenario.until('the connection is closed', async () => asked(path).every(({ isAbandoned }) => isAbandoned));
  });
});

describe('a request to another host', () => {
  it.concurrent('is made by a pod, which alone sees the secret in its header', async ({ scenario }) => {
    const path = `/json?pod=${scenario.namespace}`;
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, stringData: { token: 'Bearer t' } };
    const headersFrom = { Authorization: { secretKeyRef: { name: 'key', key: 'token' } } };
    const headers = { 'X-Price': '$(PATH) $5' };
    await scenario.given(
      secret,
      workflow('far', {
        tasks: [
          ask({ url: at(path, outside), headersFrom, headers }),
          ask({ url: at('/status/500', outside) }, { name: 'broken', onFailure: 'Continue' }),
          ask({ url: at('/', outside).replace(/:\d+/, ':1') }, { name: 'nobody', onFailure: 'Continue' }),
        ],
      }),
      workflowRun('far', 'far'),
    );
    const run = await scenario.ended('far');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
    expect(outputsOf(run, 'ask')).toMatchObject({ status: 200, json: { path, items: [1, 2] } });
    expect(asked(path)[0]?.headers).toMatchObject({ authorization: 'Bearer t', 'x-price': '$(PATH) $5' });
    expect(rowOf(run, 'broken')).toMatchObject({ phase: 'Failed', reason: 'HttpStatus' });
    expect(rowOf(run, 'broken').message).toMatch(/^GET http.* answered 500: \{"path"/);
    expect(rowOf(run, 'nobody')).toMatchObject({ phase: 'Failed', reason: 'HttpFailed' });
    expect(rowOf(run, 'nobody').message).toContain('ECONNREFUSED');
    expect(JSON.stringify(run)).not.toContain('Bearer t');
  });
});

describe('a restart of the operator', () => {
  it('waits for no answer, which is lost, and the request is made again', FULL, async ({ scenario }) => {
    const path = `/silence?restart=${scenario.namespace}`;
    await scenario.given(
      workflow('restarted', { tasks: [ask({ url: at(path), requestTimeout: '10m' })] }),
      workflowRun('restarted', 'restarted'),
    );
    await scenario.until('it is asked', async () => asked(path).length > 0);
    const installed = ownStage();
    expect(await installed.operator.stop()).toBe(0);
    await scenario.until('it is given up', async () => asked(path)[0]?.isAbandoned);
    installed.operator = await OperatorProcess.start({
      kubeconfig: installed.credentials.path,
      flags: installed.flags,
    });
    await scenario.until('it is asked again', async () => asked(path).length > 1);
    await scenario.kubectl([
      'patch',
      'awr',
      'restarted',
      '--type=merge',
      '-p',
      '{"spec":{"desiredState":"Cancelled"}}',
    ]);
    expect(rowOf(await scenario.ended('restarted'), 'ask')).toMatchObject({ phase: 'Cancelled', attempt: 1 });
    expect(asked(path)).toHaveLength(2);
  });
});
