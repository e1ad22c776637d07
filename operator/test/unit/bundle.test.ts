import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { builtinModules, createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as clientNode from '../../hack/bundle/client-node.ts';
import { bundleOperator } from '../../hack/bundle.ts';
import { capture } from '../../hack/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'ado-bundle-'));
let entry: string;

beforeAll(async () => {
  entry = await bundleOperator(join(folder, 'dist'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the bundle of the operator', () => {
  it('is one file with its source map, and so are the programs of tasks', () => {
    const names = ['artifacts.mjs', 'http-task.mjs', 'operator.mjs'];
    expect(readdirSync(join(folder, 'dist')).sort()).toEqual(names.flatMap((name) => [name, `${name}.map`]));
  });

  it('is small where it starts with a task', async () => {
    const program = join(folder, 'dist/artifacts.mjs');
    expect(statSync(program).size).toBeLessThan(140_000);
    const { code, stdout, stderr } = await capture(process.execPath, [program, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: artifacts');
  });

  it('has a program that makes the request of a task, and says what came of it', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.headers['x-plain']} ${request.headers['x-secret']}`);
      response.writeHead(request.url === '/ok' ? 200 : 500, { 'content-type': 'application/json' }).end('{"a":1}');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ask = (path: string, env: Record<string, string>) => {
      const ADO_OUTPUTS = join(folder, 'outputs');
      const headers = {
        ADO_HTTP_HEADERS: '{"X-Plain":"p"}',
        ADO_HTTP_HEADERS_FROM: '["X-Secret"]',
        ADO_HTTP_HEADER_0: 's\n',
      };
      const child = spawn(process.execPath, [join(folder, 'dist/http-task.mjs')], {
        stdio: 'inherit',
        env: { ...process.env, ADO_OUTPUTS, ADO_HTTP_URL: base + path, ADO_HTTP_METHOD: 'POST', ...headers, ...env },
      });
      return new Promise<[number | null, string]>((resolve) =>
        child.once('close', (code) => resolve([code, readFileSync(ADO_OUTPUTS, 'utf8')])),
      );
    };
    const allowed = { ADO_HTTP_ALLOW_CIDRS: '127.0.0.1/32' };
    const outputs = { status: 200, body: '{"a":1}', json: { a: 1 }, truncated: false };
    expect(await ask('/ok', allowed)).toEqual([0, JSON.stringify(outputs)]);
    const shown = { ...allowed, ADO_HTTP_SHOWS_ANSWER: 'true' };
    expect(await ask('/no', shown)).toEqual([22, `POST ${base}/no answered 500: {"a":1}`]);
    expect(await ask('/no', allowed)).toEqual([22, expect.stringContaining('answered 500: the answer is withheld')]);
    expect(await ask('/no', { ...allowed, ADO_HTTP_SUCCESS_CODES: '404,500' })).toEqual([
      0,
      expect.stringContaining('500'),
    ]);
    expect(await ask('/ok', {})).toEqual([23, expect.stringContaining('127.0.0.1')]);
    expect(asked).toEqual(Array(4).fill('POST p s'));
    server.close();
  });

  it('runs where there is no other file, and without a warning', async () => {
    const { code, stdout, stderr } = await capture(process.execPath, [entry, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: operator');
  });

  it('refuses an option as the source does', async () => {
    const { code, stderr } = await capture(process.execPath, [entry, '--lease-duration=soon']);
    expect(code).toBe(2);
    expect(stderr).toContain('--lease-duration: "soon"');
  });

  it('reads a kubeconfig, and asks the server that it names', async () => {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(`${request.headers.authorization} ${request.url}`);
      response.writeHead(503).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    writeFileSync(join(folder, 'token'), 'of-a-file');
    const kubeconfig = join(folder, 'kubeconfig');
    const named = (name: string, key: string, value: unknown) => [{ name, [key]: value }];
    const config = {
      'current-context': 'c',
      contexts: named('c', 'context', { cluster: 's', user: 'u' }),
      clusters: named('s', 'cluster', { server: `http://127.0.0.1:${port}` }),
      users: named('u', 'user', { tokenFile: 'token' }),
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const child = spawn(process.execPath, [entry, '--kubeconfig', kubeconfig, '--health-address', '127.0.0.1:0']);
    const exited = new Promise((resolve) => child.once('close', resolve));
    await vi.waitFor(() => expect(requests.join('\n')).toContain('workflowruns'), { timeout: 15_000 });
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(requests.filter((request) => !request.startsWith('Bearer of-a-file /'))).toEqual([]);
    server.close();
  });

  it('judges definitions in a thread of its own, in which nothing else begins', async () => {
    const thread = new Worker(entry, { workerData: 'ado-judge', argv: ['--no-such-option'], execArgv: [] });
    const spec = { tasks: [{ name: 'a', image: 'i', run: 'true', needs: ['b'] }] };
    thread.postMessage(JSON.stringify({ subject: { type: 'Workflow', spec }, found: [] }));
    const [problems] = await once(thread, 'message');
    expect(problems).toEqual([{ path: 'spec.tasks[0].needs[0]', message: expect.stringContaining('"b"') }]);
    await thread.terminate();
  });

  it('imports nothing but Node', () => {
    const imports = [...readFileSync(entry, 'utf8').matchAll(/^import .*?["']([^"']+)["'];$/gm)].map(
      ([, name]) => name,
    );
    const foreign = imports.filter((name = '') => !name.startsWith('node:') && !builtinModules.includes(name));
    expect(imports.length).toBeGreaterThan(0);
    expect(foreign).toEqual([]);
  });

  it('has whatever @dot-i/k8s-operator takes from client-node', () => {
    const shell = createRequire(import.meta.url).resolve('@dot-i/k8s-operator/dist/operator.js');
    const text = readFileSync(shell, 'utf8');
    const names = [...text.matchAll(/(?<!\.)\b(?!k8s\.io)(?:k8s|client_node_1)\.(\w+)/g)].map(([, name]) => name);
    expect(new Set(names)).toContain('KubeConfig');
    expect(names.filter((name = '') => !(name in clientNode))).toEqual([]);
  });
});
