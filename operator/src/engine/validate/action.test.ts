import { describe, expect, it } from 'vitest';
import type { Task } from '../../api/index.ts';
import { lines, specOf } from './samples.ts';
import { validateWorkflow } from './workflow.ts';

const task = (...tasks: Omit<Task, 'name'>[]) => lines(validateWorkflow(specOf(tasks)));
const firstLine = (problem: string | undefined) => problem?.split('\n')[0];

describe('what a task does', () => {
  it('is one thing, and needs an image only where there is a pod', () => {
    expect(task({ run: 'true', sleep: { duration: '1s' } })).toEqual([
      'spec.tasks[0]: a task does exactly one thing; give it one of run, container, template, workflow, sleep, http, resource, compute, generate, approval, waitForSignal, and keep one of run, sleep',
    ]);
    const tasks = [{ name: 'wait', sleep: { duration: '1s' } }];
    expect(validateWorkflow({ tasks })).toEqual([]);
  });

  it('may be a sleep, whose duration or time can be read', () => {
    expect(
      task({ sleep: { duration: '${{ params.version }}' } }, { sleep: { until: '2030-01-31T08:00:00Z' } }),
    ).toEqual([]);
    expect(task({ sleep: {} })[0]).toContain('either duration or until');
    expect(task({ sleep: { duration: '5 minutes' } })).toEqual([
      'spec.tasks[0].sleep.duration: "5 minutes" is not a valid duration; write it like 10s, 5m or 1h30m',
    ]);
    expect(task({ sleep: { duration: '9000h' } })[0]).toContain('too long; the longest is 8760h');
    expect(task({ sleep: { until: '2030-01-31 08:00' } })).toEqual([
      'spec.tasks[0].sleep.until: "2030-01-31 08:00" is not a valid time; write it with a zone, like 2030-01-31T08:00:00Z',
    ]);
    expect(task({ sleep: { until: '2030-13-31T08:00:00Z' } })[0]).toContain('is not a valid time');
    expect(task({ sleep: { duration: '${{ params.x }}' } })[0]).toContain('sleep.duration: unknown parameter "x"');
  });

  it('may be a computation of named values', () => {
    expect(
      task({ compute: { sum: '1 + 1', text: 'params.version + "!"' }, outputs: [{ name: 'sum', type: 'Integer' }] }),
    ).toEqual([]);
    expect(task({ compute: {} })[0]).toContain('compute is empty');
    expect(firstLine(task({ compute: { sum: 'params.x' } })[0])).toContain(
      'spec.tasks[0].compute.sum: unknown parameter "x"',
    );
    expect(task({ compute: { sum: '${{ 1 }}' } })[0]).toContain('compute.sum: this field is plain CEL');
    expect(task({ compute: { sum: '1' }, outputs: [{ name: 'smu' }] })).toEqual([
      'spec.tasks[0].outputs[0].name: compute has no output "smu"; known: sum; remove "smu"',
    ]);
    expect(task({ compute: { constructor: '1' } })[0]).toContain('"constructor" cannot be the name of an output');
  });

  it('may be to generate tasks, from a list', () => {
    expect(task({ generate: { tasks: '[{"name": "a", "run": "true"}]' } })).toEqual([]);
    expect(task({ generate: { tasks: 'params.version' } })[0]).toContain(
      'generate.tasks: the expression must yield a List',
    );
    expect(task({ generate: { tasks: '[]' }, outputs: [{ name: 'a' }] })[0]).toContain('remove "a"');
  });

  it('may be to apply an object that can be named', () => {
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a-${{ params.version }}' } };
    const resource = { manifest, successWhen: 'object.data.size() > 0', outputs: { uid: 'object.metadata.uid' } };
    expect(task({ resource, outputs: [{ name: 'uid' }] })).toEqual([]);
    expect(task({ resource: { manifest: { kind: '', metadata: {} } } })).toEqual([
      'spec.tasks[0].resource.manifest.apiVersion: an object is identified by apiVersion, kind and name, but apiVersion is missing; write it as in `kubectl explain`, such as apps/v1',
      'spec.tasks[0].resource.manifest.kind: an object is identified by apiVersion, kind and name, but kind cannot be ""; write it as in `kubectl explain`, such as Deployment',
      expect.stringContaining(
        'resource.manifest.metadata.name: an object is identified by apiVersion, kind and name, but metadata.name is missing',
      ),
    ]);
    const broken = { ...manifest, data: { list: ['x ${{ params.x }}'] } };
    expect(firstLine(task({ resource: { manifest: broken } })[0])).toContain(
      'resource.manifest.data.list[0]: unknown parameter "x"',
    );
    expect(firstLine(task({ resource: { manifest, failWhen: 'params.version == "1"' } })[0])).toContain(
      'failWhen: this expression can read only object, not params',
    );
    expect(task({ resource: { manifest, successWhen: '"x"' } })[0]).toContain('must yield a Boolean');
    expect(task({ resource, outputs: [{ name: 'id' }] })[0]).toContain('resource has no output "id"');
  });

  it.each([
    ['apiVersion', '../v1', { apiVersion: '../v1' }],
    ['kind', 'Config/Map', { kind: 'Config/Map' }],
    ['metadata.name', 'a/status', { metadata: { name: 'a/status' } }],
    ['metadata.name', '..', { metadata: { name: '..' } }],
    ['metadata.namespace', 'a%2Fb', { metadata: { name: 'a', namespace: 'a%2Fb' } }],
    ['metadata.namespace', 'kube-system', { metadata: { name: 'a', namespace: 'kube-system' } }],
  ])('may not be to apply an object whose %s is %s', (field, value, fields) => {
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...fields };
    const problems = task({ resource: { manifest } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`resource.manifest.${field}: `);
    expect(problems[0]).toContain(value);
  });

  it('has no fields that would do nothing', () => {
    const wait = { sleep: { duration: '1s' } };
    expect(task({ ...wait, cache: { key: 'a' } })).toEqual([
      'spec.tasks[0].cache: a task that is a sleep has no attempt of its own; remove it',
    ]);
    expect(task({ ...wait, attemptTimeout: '1s' })[0]).toContain('no attempt of its own');
    expect(task({ approval: { message: 'Ship?' }, pendingTimeout: '1s' })[0]).toContain('no attempt of its own');
    expect(task({ compute: { a: '1' }, semaphores: [{ name: 's' }] })[0]).toContain('no attempt of its own');
    expect(task({ workflow: { name: 'w' }, env: { A: '1' }, image: 'a' })).toEqual([
      'spec.tasks[0].image: a task that is a workflow has no pod of its own; remove it',
      'spec.tasks[0].env: a task that is a workflow has no pod of its own; remove it',
    ]);
    expect(task({ run: 'true', with: { a: '1' } })[0]).toContain('with gives values to a template or a workflow');
  });

  it('may say how long whatever its attempts are may be kept from starting', () => {
    const sorts: Partial<Task>[] = [
      { run: 'true' },
      { workflow: { name: 'w' } },
      { http: { url: 'https://example.com/' } },
    ];
    for (const each of sorts) expect(task({ ...each, pendingTimeout: '40s' })).toEqual([]);
  });

  it('is not cached where it asks people, or may', () => {
    const cached = (of: Partial<Task>) => task({ ...of, cache: { key: 'a' } });
    expect(cached({ workflow: { name: 'w' } })).toEqual([
      'spec.tasks[0].cache: a task that is a workflow cannot be cached: its run may ask for approvals; remove it',
    ]);
    for (const of of [{ approval: { message: 'Ship?' } }, { waitForSignal: {} }, { generate: { tasks: '[]' } }]) {
      expect(cached(of)).toEqual([expect.stringContaining('spec.tasks[0].cache: ')]);
    }
    expect(cached({ template: { name: 'gate' } })).toContainEqual(expect.stringContaining('spec.tasks[0].cache: '));
  });

  it('may take its result from a cache, and hold permits, by what it reads', () => {
    const more = { cache: { key: 'k-${{ params.version }}' }, semaphores: [{ name: 's', shareBy: 'params.version' }] };
    expect(task({ run: 'true', ...more })).toEqual([]);
    expect(task({ run: 'true', cache: { key: '${{ params.x }}' } })[0]).toContain('cache.key: unknown parameter');
    expect(task({ run: 'true', cache: { key: 'a', maxAge: '0s' } })[0]).toContain('cache.maxAge: 0s is too short');
    expect(task({ run: 'true', semaphores: [{ name: 's', shareBy: '1' }] })[0]).toContain(
      'semaphores[0].shareBy: the expression must yield a String',
    );
  });

  it('has durations of attempts and requests that make sense', () => {
    expect(task({ run: 'true', attemptTimeout: '1ms' })[0]).toContain('attemptTimeout: 1ms is too short');
    expect(task({ http: { url: 'https://a', requestTimeout: '25h' } })[0]).toContain('requestTimeout: 25h is too long');
  });
});

describe('an HTTP request', () => {
  const http = (more: Partial<NonNullable<Task['http']>>) => task({ http: { url: 'https://example.com', ...more } });

  it('goes to an address of http or https', () => {
    expect(http({ url: 'https://${{ params.version }}.example.com/a b' })).toEqual([]);
    expect(http({ url: '${{ params.version }}/x' })).toEqual([]);
    expect(http({ url: 'ftp://a' })).toEqual([
      'spec.tasks[0].http.url: "ftp://a" is not an http or https URL; start it with https://',
    ]);
    const json = { name: 'json', type: 'Object' as const };
    expect(task({ http: { url: 'https://a' }, outputs: [json] })).toEqual([]);
    expect(task({ http: { url: 'https://a' }, outputs: [{ name: 'jsn' }] })[0]).toContain(
      'http has no output "jsn"; did you',
    );
    expect(http({ url: 'file://${{ params.version }}' })[0]).toContain('is not an http or https URL');
    expect(http({ url: 'https://[a' })[0]).toContain('is not a valid URL');
    expect(http({ url: 'https://me:secret@a' })[0]).toContain('put credentials in a Secret');
  });

  it('has headers that can be sent, each once, and a body only where one is taken', () => {
    expect(http({ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } })).toEqual([]);
    expect(http({ body: '{}' })).toEqual([
      'spec.tasks[0].http.body: a GET request has no body; remove it, or set method to POST',
    ]);
    expect(http({ headers: { 'a b': 'x' } })[0]).toContain('headers["a b"]: "a b" is not a valid header name');
    expect(http({ headers: { Host: 'x' } })[0]).toContain('is set by Ado; remove it');
    expect(http({ headers: { a: 'x\r\ny: z' } })[0]).toContain('must be one line');
    const headersFrom = { authorization: { secretKeyRef: { name: 's', key: 'k' } } };
    expect(http({ headers: { Authorization: 'x' }, headersFrom })).toEqual([
      'spec.tasks[0].http.headersFrom.authorization: the header is already set at spec.tasks[0].http.headers.Authorization; keep one',
    ]);
    expect(http({ headers: { a: '${{ params.x }}' } })[0]).toContain('headers.a: unknown parameter "x"');
  });
});
