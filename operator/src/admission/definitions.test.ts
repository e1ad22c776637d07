import { beforeEach, describe, expect, it } from 'vitest';
import { API_VERSION, type Workflow, type WorkflowRun, type WorkflowTemplate } from '../api/index.ts';
import { digestOfVersion, type TemplateStores } from '../definitions/index.ts';
import { bodyOf } from '../engine/index.ts';
import { Judging } from '../judging/index.ts';
import { realClock } from '../runtime/index.ts';
import { Definitions } from './definitions.ts';
import type { Judged } from './judge.ts';

type Body = Pick<Workflow['spec'], 'tasks' | 'parameters'>;

const judging = new Judging({ clock: realClock, limitMs: 20_000, maxWaiting: 8 });
const task = (name: string, env: Record<string, string> = {}) => ({ name, image: 'i', run: 'true', env });
const using = (name: string, version?: string, given: Record<string, string> = {}) => ({
  name: 'uses',
  template: { name, ...(version === undefined ? {} : { version }) },
  with: given,
});

let workflows: Map<string, Workflow>;
let live: Map<string, Workflow>;
let templates: Map<string, WorkflowTemplate>;
let reads: number;
let definitions: Definitions;

beforeEach(() => {
  workflows = new Map();
  live = new Map();
  templates = new Map();
  reads = 0;
  const versions = {
    byIndex: (_index: string, of: string) => [...templates.values()].map(versionOf).filter(({ key }) => key === of),
  };
  const stores = { workflows, templates, clusterTemplates: undefined, versions } as unknown as TemplateStores;
  const readWorkflow = async ({ namespace, name }: { namespace: string; name: string }) => {
    reads++;
    return live.get(`${namespace}/${name}`);
  };
  definitions = new Definitions({ stores, readWorkflow, judging });
});

const workflow = (spec: Body): Workflow => ({
  apiVersion: '',
  kind: 'Workflow',
  metadata: { name: 'w', namespace: 'n' },
  spec: { triggers: { onChange: { of: ['Tasks'] } }, ...spec } as Workflow['spec'],
});
const template = (name: string, spec: Body, version = '1.0.0'): WorkflowTemplate => ({
  apiVersion: '',
  kind: 'WorkflowTemplate',
  metadata: { name, namespace: 'n', uid: name },
  spec: { version, ...spec } as WorkflowTemplate['spec'],
});

/** The cached version of a template, with its keys. */
function versionOf({ kind, metadata: { name, namespace, uid = '' }, spec }: WorkflowTemplate) {
  const body = bodyOf(spec);
  const ownerReferences = [{ apiVersion: API_VERSION, kind, name, uid, controller: true }];
  const digest = digestOfVersion(spec.version, body);
  return { key: `${kind}/${namespace}/${name}`, kind, metadata: { name: 'v', ownerReferences }, digest, body };
}

/** A template with the status that its controller writes. */
function givenTemplate(name: string, spec: Body): WorkflowTemplate {
  const made = template(name, spec);
  const digest = digestOfVersion('1.0.0', bodyOf(made.spec));
  const status = { definition: { digest, revision: 'r' }, versions: [{ version: '1.0.0', digest }] };
  const stored = { ...made, status: status as NonNullable<WorkflowTemplate['status']> };
  templates.set(`n/${name}`, stored);
  return stored;
}

const judge = async (object: Workflow, old?: Workflow): Promise<Judged> =>
  definitions.definition('workflows', object, old);

describe('a Workflow', () => {
  it('is refused with position and remedy if it cannot run, and accepted otherwise', async () => {
    const broken = workflow({ tasks: [task('a'), task('b', { X: '${{ params.none }}' })] });
    expect((await judge(broken)).refusal).toMatch(/^spec\.tasks\[1\]\.env\.X: /);
    expect(await judge(workflow({ tasks: [task('a')] }))).toEqual({});
  });

  it('that is already stored may be labelled and deleted', async () => {
    const broken = workflow({ tasks: [task('a', { X: '${{ params.none }}' })] });
    const labelled = { ...broken, metadata: { ...broken.metadata, labels: { a: 'b' } } };
    expect(await judge(labelled, broken)).toEqual({});
    const going = { ...broken, metadata: { ...broken.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(await judge(going)).toEqual({});
  });

  it('causes a warning instead of a refusal if a template is missing or may change', async () => {
    expect((await judge(workflow({ tasks: [using('later')] }))).warnings?.[0]).toContain(
      'there is no WorkflowTemplate "later"',
    );
    givenTemplate('deploy', { tasks: [task('a')] });
    const unknown = await judge(workflow({ tasks: [using('deploy', undefined, { added: '1' })] }));
    expect(unknown.refusal).toBeUndefined();
    expect(unknown.warnings?.[0]).toContain('added');
    expect(unknown.warnings?.[0]).not.toContain('\n');
  });

  it('causes warnings about likely mistakes, after possible problems, and none when it is refused', async () => {
    const byHand = { tasks: [task('a', { X: '{{ params.x }}' }), using('later')], triggers: {} };
    const { refusal, warnings } = await judge(workflow(byHand));
    expect(refusal).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringContaining('there is no WorkflowTemplate "later"'),
      'spec.tasks[0].env.X: "{{ params.x }}" is not replaced; write ${{ params.x }}',
      expect.stringMatching(/^spec\.triggers: no trigger starts this Workflow; .* kubectl create -n n -f -$/),
    ]);
    const broken = workflow({ ...byHand, tasks: [task('a', { X: '${{ params.none }}' })] });
    expect((await judge(broken)).warnings).toBeUndefined();
  });

  it('is refused for a problem in a pinned version of a template, which never changes', async () => {
    givenTemplate('deploy', { tasks: [task('a')] });
    expect((await judge(workflow({ tasks: [using('deploy', '1.0.0', { added: '1' })] }))).refusal).toContain('added');
    expect(await judge(workflow({ tasks: [using('deploy', '1.0.0')] }))).toEqual({});
  });
});

describe('a WorkflowTemplate', () => {
  const judgeTemplate = async (object: WorkflowTemplate, old?: WorkflowTemplate): Promise<Judged> =>
    definitions.definition('workflowtemplates', object, old);

  it('is refused if it cannot run', async () => {
    const broken = template('t', { tasks: [task('a', { X: '${{ params.none }}' })] });
    expect((await judgeTemplate(broken)).refusal).toMatch(/^spec\.tasks\[0\]\.env\.X: /);
    expect(await judgeTemplate(template('t', { tasks: [task('a')] }))).toEqual({});
  });

  it('causes warnings about likely mistakes', async () => {
    const { warnings } = await judgeTemplate(template('t', { tasks: [task('a', { X: '$(params.x)' })] }));
    expect(warnings).toEqual(['spec.tasks[0].env.X: "$(params.x)" is not replaced; write ${{ params.x }}']);
  });

  it('is refused if the content of an existing version changes', async () => {
    const before = givenTemplate('t', { tasks: [task('a')] });
    const changed = { tasks: [task('b')] };
    expect((await judgeTemplate(template('t', changed), before)).refusal).toContain('raise spec.version');
    expect(await judgeTemplate(template('t', changed, '1.1.0'), before)).toEqual({});
  });
});

describe('the parameters of a run', () => {
  const sized = workflow({ tasks: [task('a')], parameters: [{ name: 'size', type: 'Integer' }] });
  const run = (value?: string, more: Partial<WorkflowRun['spec']> = {}): WorkflowRun => ({
    apiVersion: '',
    kind: 'WorkflowRun',
    metadata: { name: 'r', namespace: 'n' },
    spec: {
      workflowRef: { name: 'w' },
      desiredState: 'Running',
      ...(value === undefined ? {} : { parameters: [{ name: 'size', value }] }),
      ...more,
    },
  });

  it('are accepted if they fit the cached Workflow', async () => {
    workflows.set('n/w', sized);
    expect(await definitions.run(run('3'))).toEqual({});
    expect(reads).toBe(0);
  });

  it('are refused only if they do not fit the current Workflow', async () => {
    workflows.set('n/w', workflow({ tasks: [task('a')] }));
    live.set('n/w', sized);
    expect(await definitions.run(run('3'))).toEqual({});
    expect((await definitions.run(run('big'))).refusal).toContain('spec.parameters: "size": "big" is not an Integer');
    workflows.clear();
    expect((await definitions.run(run())).refusal).toContain('"size" is required');
  });

  it('are refused if they name a Secret that the Workflow does not allow', async () => {
    const allowed = { names: ['db'] };
    const login = workflow({ tasks: [task('a')], parameters: [{ name: 'size', type: 'Secret', allowed }] });
    workflows.set('n/w', login);
    live.set('n/w', login);
    expect(await definitions.run(run('db/password'))).toEqual({});
    const { refusal } = await definitions.run(run('admin/password'));
    expect(refusal).toContain('"size": the Secret "admin/password" is not in allowed.names of the parameter: db');
  });

  it('are left to the controllers while the Workflow cannot be read', async () => {
    const readWorkflow = () => Promise.reject(new Error('no connection'));
    const stores = { workflows: new Map() } as unknown as TemplateStores;
    expect(await new Definitions({ stores, readWorkflow, judging }).run(run('big'))).toEqual({});
  });

  it('are not validated without a Workflow, for values of a ConfigMap, and in a repeated run', async () => {
    expect((await definitions.run(run('3'))).warnings?.[0]).toContain('there is no Workflow "w" yet');
    const valueFrom = { configMapKeyRef: { name: 'sizes', key: 'size' } };
    workflows.set('n/w', workflow({ tasks: [task('a')], parameters: [{ name: 'size', type: 'Integer', valueFrom }] }));
    expect(await definitions.run(run())).toEqual({});
    workflows.set('n/w', sized);
    expect(await definitions.run(run(undefined, { from: { run: 'earlier', mode: 'Retry' } }))).toEqual({});
  });
});
