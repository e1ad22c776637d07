import { describe, expect, it } from 'vitest';
import { API_VERSION, KINDS } from '../../src/api/index.ts';
import { crdNames, type Output, useApiServer } from '../support/control-plane.ts';

const api = useApiServer();

const TASK = { name: 'build', run: 'true' };
const workflow = (spec: unknown, name = 'release') => ({
  apiVersion: API_VERSION,
  kind: 'Workflow',
  metadata: { name },
  spec,
});
const tasks = (...of: object[]) => workflow({ tasks: of });
const run = (spec: object = {}, name = 'release-1') => ({
  apiVersion: API_VERSION,
  kind: 'WorkflowRun',
  metadata: { name },
  spec: { workflowRef: { name: 'release' }, ...spec },
});
const page = (spec: object = {}) => ({
  apiVersion: API_VERSION,
  kind: 'RunJournal',
  metadata: { name: 'release-1-1' },
  spec: { runRef: { name: 'release-1', uid: 'u' }, firstSeq: 1, lastSeq: 2, digest: 'd', events: '[]', ...spec },
});

const apply = (namespace: string, object: unknown): Promise<Output> =>
  api.kubectl(['apply', '-n', namespace, '--validate=strict', '-f', '-'], object);

/** The help of a field, its lines joined, since kubectl folds them. */
const explain = async (field: string): Promise<string> => (await api.run(['explain', field])).replaceAll(/\s+/g, ' ');

describe('the CRDs on a real API server', () => {
  it('are established and structural', async () => {
    expect(crdNames()).toHaveLength(KINDS.length);
    const crds = JSON.parse(await api.run(['get', 'crd', ...crdNames(), '-o', 'json']));
    for (const { status } of crds.items) {
      const conditions = new Map(status.conditions.map((c: { type: string; status: string }) => [c.type, c.status]));
      expect(conditions.get('Established')).toBe('True');
      expect(conditions.has('NonStructuralSchema')).toBe(false);
    }
  });

  it('can be applied again without a change, also by client-side apply', async () => {
    const again = await api.run(['apply', '--server-side', '-k', `${import.meta.dirname}/../../../crds`]);
    expect(again.trim().split('\n')).toHaveLength(KINDS.length);
    const clientSide = ['apply', '--dry-run=server', '-k', `${import.meta.dirname}/../../../crds`];
    expect(await api.kubectl(clientSide)).toMatchObject({ code: 0 });
  });

  it('explain the fields of a task, with their choices', async () => {
    const text = await explain('awf.spec.tasks');
    expect(text).toContain('FIELD: tasks <[]Object>');
    expect(text).toContain('name <string> -required- Name of the task, unique in the workflow.');
    expect(text).toContain('needs <[]string> Tasks that must be finished before this one.');
    expect(text).toContain('onFailure <string> enum: Fail, Continue');
    expect(text).toContain('env <map[string]string>');
  });

  it('explain what a run can be asked for', async () => {
    const text = await explain('awr.spec.desiredState');
    expect(text).toContain('ENUM: Running Paused Cancelled Terminated');
    expect(text).toContain('Cancelled: pods end with grace.');
  });
});

describe('an object that is right', () => {
  it('is taken, from a task of two lines to one that says everything', async () => {
    const namespace = await api.namespace();
    const full = {
      ...TASK,
      name: 'full',
      needs: ['build'],
      runIf: 'Always',
      when: 'params.go',
      forEach: { items: ['a', 1, true, { b: [] }], parallelism: 2 },
      retry: { limit: 3, backoff: { duration: '1m30s', factor: 2, cap: '1h' } },
      timeout: '250ms',
      outputs: [{ name: 'image_tag', type: 'String' }],
      env: { A: '${{ item }}' },
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    };
    const parameters = [{ name: 'go', type: 'Boolean', default: true }];
    expect(await apply(namespace, tasks(TASK))).toMatchObject({ code: 0 });
    expect(await apply(namespace, workflow({ parameters, tasks: [TASK, full] }))).toMatchObject({ code: 0 });
    const stored = JSON.parse(await api.run(['get', '-n', namespace, 'awf', 'release', '-o', 'json']));
    expect(stored.spec).toEqual({ parameters, tasks: [TASK, full] });
  });

  it('has defaults filled in, and columns', async () => {
    const namespace = await api.namespace();
    expect(await apply(namespace, run())).toMatchObject({ code: 0 });
    const [head = '', row = ''] = (await api.run(['get', '-n', namespace, 'awr'])).split('\n');
    expect(head.split(/\s+/)).toEqual([
      'NAME',
      'WORKFLOW',
      'PHASE',
      'PROGRESS',
      'CHAIN',
      'WAITING-FOR',
      'REASON',
      'AGE',
    ]);
    expect(row).toMatch(/^release-1 +release +/);
    const state = await api.run(['get', '-n', namespace, 'awr', 'release-1', '-o', 'jsonpath={.spec.desiredState}']);
    expect(state).toBe('Running');
  });

  it('is found by its workflow and under the category', async () => {
    const namespace = await api.namespace();
    await apply(namespace, run());
    await apply(namespace, run({ workflowRef: { name: 'other' } }, 'other-1'));
    const select = ['get', '-n', namespace, '-o', 'name'];
    const found = await api.run([...select, 'awr', '--field-selector', 'spec.workflowRef.name=other']);
    expect(found.trim()).toBe('workflowrun.flow.ado.dev/other-1');
    expect(await api.run([...select, 'ado'])).toContain('release-1');
  });
});

/**
 * What the API server says of no field: that a schema is not met, so that rules are not asked; a union, which is no rule in CEL
 * where CEL sees nothing; and the rules of a whole object, which name the field themselves.
 */
const NAMELESS =
  /some validation rules were not checked|"spec\.tasks\[0\]\.forEach" must validate one and only one schema|the name of a \w+ has/;

describe('an object that is wrong', () => {
  it.each<[string, unknown, string]>([
    [
      'a task that does two things',
      tasks({ ...TASK, container: {} }),
      'spec.tasks[0]: Invalid value: "object": a task must have exactly one action: set one of run, container, template,',
    ],
    ['a task that does nothing', tasks({ name: 'build' }), 'set one of run, container, template,'],
    ['two tasks of one name', tasks(TASK, TASK), 'spec.tasks[1]: Duplicate value: {"name":"build"}'],
    [
      'a task that needs itself',
      tasks({ ...TASK, needs: ['build'] }),
      'spec.tasks[0].needs: Invalid value: "object": "build" cannot need itself; take it out of needs',
    ],
    ['a field that does not exist', tasks({ ...TASK, tiemout: '3s' }), 'unknown field "spec.tasks[0].tiemout"'],
    [
      'a duration in words',
      tasks({ ...TASK, timeout: '5 minutes' }),
      'spec.tasks[0].timeout: Invalid value: "string": "5 minutes" is invalid: write a duration like 10s, 5m or 1h30m',
    ],
    [
      'a task named in capitals',
      tasks({ ...TASK, name: 'Build' }),
      '"Build" is invalid: use lowercase letters, digits and dashes',
    ],
    [
      'an output that CEL cannot name',
      tasks({ ...TASK, outputs: [{ name: 'image-tag' }] }),
      'spec.tasks[0].outputs[0].name: Invalid value: "string": "image-tag" is invalid: use letters, digits and underscores',
    ],
    [
      'a service account that is a path',
      tasks({ ...TASK, serviceAccountName: 'robot/token' }),
      'spec.tasks[0].serviceAccountName: Invalid value: "robot/token"',
    ],
    [
      'a label of a pod that is a mark of Ado',
      tasks({ ...TASK, podMetadata: { labels: { 'flow.ado.dev/run': 'x' } } }),
      'spec.tasks[0].podMetadata.labels: Invalid value: "object": keys that begin with flow.ado.dev/',
    ],
    [
      'an annotation of all pods that makes them static',
      workflow({ defaults: { podMetadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }, tasks: [TASK] }),
      'belong to Ado and Kubernetes; use a key of your own domain',
    ],
    ['a long name of a task', tasks({ ...TASK, name: 'b'.repeat(41) }), 'spec.tasks[0].name: Too long'],
    [
      'a long name of a workflow',
      workflow({ tasks: [TASK] }, 'w'.repeat(41)),
      'the name of a Workflow has at most 40 characters',
    ],
    ['a long name of a run', run({}, 'r'.repeat(53)), 'the name of a WorkflowRun has at most 52 characters'],
    [
      'a sleep that ends twice',
      tasks({ name: 'build', sleep: { duration: '5m', until: '2027-01-01T00:00:00Z' } }),
      'spec.tasks[0].sleep: Invalid value: "object": a sleep needs exactly one of duration and until',
    ],
    ['a sleep without an end', tasks({ name: 'build', sleep: {} }), 'a sleep needs exactly one of duration and until'],
    [
      'values for a script',
      tasks({ ...TASK, with: { a: 'b' } }),
      'spec.tasks[0].with: Invalid value: "object": with applies only to template and workflow; pass values to scripts',
    ],
    [
      'a need that is named twice',
      tasks(TASK, { ...TASK, name: 'test', needs: ['build', 'build'] }),
      'spec.tasks[1].needs[1]: Duplicate value: "build"',
    ],
    [
      'a choice that there is not',
      tasks({ ...TASK, runIf: 'Sometimes' }),
      'spec.tasks[0].runIf: Unsupported value: "Sometimes": supported values: "Succeeded", "Failed", "Always"',
    ],
    [
      'a need that is no list',
      tasks({ ...TASK, needs: 'a' }),
      'spec.tasks[0].needs: Invalid value: "string": spec.tasks[0].needs in body must be of type array: "string"',
    ],
    [
      'a variable that is a number',
      tasks({ ...TASK, env: { X: 3 } }),
      'spec.tasks[0].env.X: Invalid value: "integer": spec.tasks[0].env.X in body must be of type string: "integer"',
    ],
    ['forEach over nothing', tasks({ ...TASK, forEach: {} }), 'spec.tasks[0].forEach.items: Required value'],
    [
      'forEach over two things',
      tasks({ ...TASK, forEach: { items: [1], itemsFrom: '[1]' } }),
      '"spec.tasks[0].forEach" must validate one and only one schema (oneOf)',
    ],
    ['a workflow without tasks', workflow({}), 'spec.tasks: Required value'],
    ['a workflow without a spec', workflow(undefined), 'spec: Required value'],
    [
      'a state that does not exist',
      run({ desiredState: 'Stopped' }),
      'spec.desiredState: Unsupported value: "Stopped"',
    ],
  ])('is refused with its field and the remedy: %s', async (_what, object, sentence) => {
    const { code, stderr } = await apply('default', object);
    expect(stderr).toContain(sentence);
    expect(code).not.toBe(0);
    expect(stderr.split('\n').filter((line) => line.includes('<nil>') && !NAMELESS.test(line))).toEqual([]);
  });
});

describe('what exists', () => {
  it.each<[string, object]>([
    ['workflowRef', { workflowRef: { name: 'other' } }],
    ['parameters', { parameters: [{ name: 'version', value: '2' }] }],
    ['parameters', { parameters: [] }],
    ['requester', { requester: { username: 'mallory' } }],
    ['origin', { origin: { type: 'OnChange' } }],
    ['number', { number: 2 }],
  ])('keeps the spec of a run: %s cannot become %j', async (field, change) => {
    const namespace = await api.namespace();
    await apply(namespace, run({ parameters: [{ name: 'version', value: '1' }] }));
    const { stderr } = await api.kubectl([
      'patch',
      '-n',
      namespace,
      'awr/release-1',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: change }),
    ]);
    expect(stderr).toContain(`${field} cannot change once the run exists; create another run`);
  });

  it('lets a run be paused, resumed, cancelled and terminated, and never started again', async () => {
    const namespace = await api.namespace();
    await apply(namespace, run());
    const ask = (desiredState: string) =>
      api.kubectl([
        'patch',
        '-n',
        namespace,
        'awr/release-1',
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { desiredState } }),
      ]);
    for (const state of ['Paused', 'Running', 'Cancelled', 'Terminated']) {
      expect(await ask(state)).toMatchObject({ code: 0 });
      if (state !== 'Cancelled') continue;
      expect((await ask('Running')).stderr).toContain('then to Cancelled, then to Terminated, and never back');
    }
    expect((await ask('Cancelled')).stderr).toContain('and never back');
  });

  it('refuse another desired state of what has ended, for runs and Backfills, and nothing else of it', async () => {
    const day = { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' };
    const backfill = {
      ...{ apiVersion: API_VERSION, kind: 'Backfill', metadata: { name: 'release-1' } },
      spec: { workflow: 'release', schedule: 'nightly', ...day },
    };
    for (const [kind, object] of [
      ['awr', run()],
      ['abf', backfill],
    ] as const) {
      const namespace = await api.namespace();
      expect(await apply(namespace, object)).toMatchObject({ code: 0 });
      const patch = (body: object, ...more: string[]) =>
        api.kubectl(['patch', kind, 'release-1', '-n', namespace, '--type=merge', '-p', JSON.stringify(body), ...more]);
      const ask = (desiredState: string) => patch({ spec: { desiredState } });
      expect(await ask('Paused')).toMatchObject({ code: 0 });
      expect(await ask('Running')).toMatchObject({ code: 0 });
      const ended = { phase: 'Succeeded', finishedAt: '2026-03-02T00:00:00Z' };
      expect(await patch({ status: ended }, '--subresource=status')).toMatchObject({ code: 0 });
      for (const wish of ['Paused', 'Cancelled'])
        expect((await ask(wish)).stderr).toMatch(/has ended: (it|spec.desiredState) can no longer/);
      expect(await ask('Running')).toMatchObject({ code: 0 });
      expect(await patch({ metadata: { labels: { mine: 'x' } } })).toMatchObject({ code: 0 });
    }
  });

  it('keeps a page of history as it is', async () => {
    const namespace = await api.namespace();
    expect(await apply(namespace, page())).toMatchObject({ code: 0 });
    expect((await apply(namespace, page({ events: '[1]' }))).stderr).toContain('a page of history is immutable');
  });
});
