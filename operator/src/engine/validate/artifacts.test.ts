import { describe, expect, it } from 'vitest';
import { type WorkflowSpec, workflowSpec } from '../../api/index.ts';
import { validateWorkflow } from './workflow.ts';

const problems = (spec: object): string[] =>
  validateWorkflow(workflowSpec.parse({ defaults: { image: 'busybox:1.36' }, ...spec }) as WorkflowSpec).map(
    ({ path, message }) => `${path}: ${message}`,
  );
const make = { name: 'make', run: 'true', artifacts: { outputs: [{ name: 'word' }] } };
const read = (more: object = {}, input: object = {}) => ({
  name: 'read',
  run: 'true',
  needs: ['make'],
  artifacts: { inputs: [{ name: 'in', from: 'make.word', ...input }] },
  ...more,
});
const ofTasks = (...tasks: object[]) => problems({ tasks });

describe('artifacts', () => {
  it('are handed from a task to those after it, also to those in finally', () => {
    expect(ofTasks(make, read())).toEqual([]);
    const { needs: _needs, ...last } = read();
    expect(problems({ tasks: [make], finally: [last] })).toEqual([]);
    const deep = { name: 'between', run: 'true', needs: ['make'] };
    expect(ofTasks(make, deep, read({ needs: ['between'] }))).toEqual([]);
  });

  it.each([
    ['a task that may end later', [make, read({ needs: [] })], /add "make" to the needs of "read"/],
    ['a task that is not there', [make, read({}, { from: 'mak.word' })], /unknown task "mak"; did you mean "make"/],
    [
      'an artifact that is not made',
      [make, read({}, { from: 'make.wort' })],
      /has no output artifact "wort"; did you mean "word"/,
    ],
    ['something else', [make, read({}, { from: 'make' })], /"make" is not an artifact reference/],
    ['a folder of others', [make, read({}, { path: '/etc/passwd' })], /is outside the folders for artifacts/],
    ['a path upwards', [make, read({}, { path: '../x' })], /is not a valid path/],
    ['what the kubelet would expand', [make, read({}, { path: '$(HOME)/x' })], /is not a valid path/],
    [
      'a name twice',
      [make, read({ artifacts: { inputs: [{ name: 'a', from: 'make.word' }], outputs: [{ name: 'a' }] } })],
      /artifact "a" is declared already/,
    ],
    [
      'a task without a pod',
      [{ name: 'x', sleep: { duration: '1s' }, artifacts: { outputs: [{ name: 'a' }] } }],
      /only run and container tasks/,
    ],
    [
      'a task that may take its result from the cache',
      [{ ...make, cache: { key: 'k' } }],
      /cached results have no artifacts/,
    ],
    ['a time that no pod can have', [{ ...make, artifacts: { ...make.artifacts, pushTimeout: '2h' } }], /pushTimeout/],
  ])('are refused of %s', (_what, tasks, message) => {
    const found = ofTasks(...tasks);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  it('may lie in a workspace of the task', () => {
    const workspaces = [{ name: 'source', mountPath: '/space/' }];
    const spec = {
      workspaces: [{ name: 'source', size: '1Gi' }],
      tasks: [make, read({ workspaces }, { path: '/space/x' })],
    };
    expect(problems(spec)).toEqual([]);
  });
});

describe('workspaces', () => {
  const task = (mount: object = {}) => ({
    name: 'a',
    run: 'true',
    workspaces: [{ name: 'source', mountPath: '/space', ...mount }],
  });
  const source = (more: object) => ({ name: 'source', size: '1Gi', ...more });
  const of = (workspace: object, ...tasks: object[]) =>
    problems({ workspaces: [workspace], tasks: tasks.length > 0 ? tasks : [task()] });

  it('are declared by the workflow and mounted by its tasks', () => {
    expect(of(source({}))).toEqual([]);
    expect(of({ name: 'source', existingClaim: 'shared' })).toEqual([]);
  });

  it.each([
    ['neither size nor claim', of({ name: 'source' }), /either size/],
    ['both', of(source({ existingClaim: 'x' })), /either size/],
    [
      'a class of a claim that is there',
      of({ name: 'source', existingClaim: 'x', storageClassName: 'fast' }),
      /storageClassName does not apply/,
    ],
    ['no size', of(source({ size: 'large' })), /"large" is not a valid size/],
    ['a place of ours', of(source({}), task({ mountPath: '/ado/x' })), /is reserved for Ado/],
    ['no place', of(source({}), task({ mountPath: 'work' })), /is not a valid mount path/],
    ['a folder outside', of(source({}), task({ subPath: '../x' })), /is not a valid subPath/],
    ['another name', of(source({}), task({ name: 'sauce' })), /unknown workspace "sauce"; did you mean "source"/],
    [
      'a task without a pod',
      of(source({}), { name: 'x', sleep: { duration: '1s' }, workspaces: [{ name: 'source', mountPath: '/w' }] }),
      /only run and container tasks/,
    ],
  ])('are refused with %s', (_what, found, message) => {
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  it('of a template are those of the workflow that uses it', () => {
    const spec = {
      templates: [{ name: 'reader', defaults: { image: 'i' }, tasks: [task()] }],
      tasks: [{ name: 'use', template: { name: 'reader' } }],
    };
    expect(problems({ ...spec, workspaces: [source({})] })).toEqual([]);
    expect(problems(spec)).toEqual([
      'spec.templates[0].tasks[0].workspaces[0].name: unknown workspace "source"; there is no workspace',
    ]);
  });
});
