import { describe, expect, it } from 'vitest';
import type { Task, TemplateBody } from '../../api/index.ts';
import { definitionOf, digestOf, digestOfWatched } from '../values/digest.ts';
import {
  type FindTemplate,
  type LibrarySource,
  libraryKey,
  MAX_LIBRARY_BYTES,
  MAX_TEMPLATE_DEPTH,
  MAX_TEMPLATES,
  resolveLibrary,
} from './library.ts';

const uses = (name: string, more: Partial<NonNullable<Task['template']>> = {}): Task => ({
  name: `use-${name}`,
  template: { name, ...more },
});
const body = (...tasks: Task[]): TemplateBody => ({ tasks });
const run: Task = { name: 'go', run: 'true' };
const find =
  (templates: Readonly<Record<string, TemplateBody>>): FindTemplate =>
  (kind, name, version) =>
    templates[libraryKey({ kind, name, ...(version === undefined ? {} : { version }) })] ?? {
      problem: `no ${kind} "${name}"; create it`,
    };
const none = find({});

function definition(spec: LibrarySource, found = none, home?: 'ClusterWorkflowTemplate') {
  const resolved = resolveLibrary(spec, found, home);
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  return resolved.definition;
}

function problems(spec: LibrarySource, found = none, home?: 'ClusterWorkflowTemplate'): string[] {
  const resolved = resolveLibrary(spec, found, home);
  return 'problems' in resolved ? resolved.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

describe('the library of a definition', () => {
  it('is not there when there is no template, and neither are fields that the spec does not have', () => {
    expect(Object.keys(definition({ tasks: [run] }))).toEqual(['tasks']);
    expect(digestOf(definition({ tasks: [run] }))).toBe(digestOf({ tasks: [run] }));
  });

  it('has the bodies of local templates, without their names and descriptions, and of those they use', () => {
    const templates = [
      { name: 'a', description: 'outer', parameters: [{ name: 'x' }], ...body(uses('b')) },
      { name: 'b', ...body(run), outputs: [{ name: 'o', value: '1' }] },
      { name: 'unused', ...body(run) },
    ];
    const found = definition({ tasks: [uses('a')], templates });
    expect(found).not.toHaveProperty('templates');
    expect(found.library).toEqual({
      'Local/a@': { parameters: [{ name: 'x' }], tasks: [uses('b', { kind: 'Local' })] },
      'Local/b@': { tasks: [run], outputs: [{ name: 'o', value: '1' }] },
      'Local/unused@': { tasks: [run] },
    });
  });

  it('writes the kind out in tasks, finally, hooks and undo', () => {
    const at = (name: string) => ({ template: { name } });
    const spec: LibrarySource = {
      tasks: [{ ...run, undo: at('a'), hooks: [{ event: 'Failed', ...at('w') }] }],
      finally: [uses('a')],
      hooks: [{ event: 'Finished', ...at('w') }],
      templates: [{ name: 'a', ...body(run) }],
    };
    const found = definition(spec, find({ 'WorkflowTemplate/w@': body(run) }));
    const local = { name: 'a', kind: 'Local' };
    const object = { name: 'w', kind: 'WorkflowTemplate' };
    expect(found.tasks[0]?.undo?.template).toEqual(local);
    expect(found.tasks[0]?.hooks?.[0]?.template).toEqual(object);
    expect(found.finally?.[0]?.template).toEqual(local);
    expect(found.hooks?.[0]?.template).toEqual(object);
  });

  it('takes a name inside a template as a template of the same reach', () => {
    const templates = [{ name: 'a', ...body(run) }];
    const found = find({
      'WorkflowTemplate/w@': body(uses('a')),
      'WorkflowTemplate/a@': body(uses('c', { kind: 'ClusterWorkflowTemplate', version: '1.0.0' })),
      'ClusterWorkflowTemplate/c@1.0.0': body(uses('a')),
      'ClusterWorkflowTemplate/a@': body(run),
    });
    const keys = Object.keys(definition({ tasks: [uses('w')], templates }, found).library ?? {});
    expect(keys.sort()).toEqual([
      'ClusterWorkflowTemplate/a@',
      'ClusterWorkflowTemplate/c@1.0.0',
      'Local/a@',
      'WorkflowTemplate/a@',
      'WorkflowTemplate/w@',
    ]);
  });

  it('tells what is missing, with the way that leads there', () => {
    expect(problems({ tasks: [run, uses('w')] })).toEqual([
      'spec.tasks[1].template: no WorkflowTemplate "w"; create it',
    ]);
    const found = find({ 'WorkflowTemplate/w@2.0.0': body(run, uses('x')) });
    expect(problems({ tasks: [uses('w', { version: '2.0.0' })] }, found)).toEqual([
      'spec.tasks[0].template: in WorkflowTemplate "w" 2.0.0, spec.tasks[1].template: no WorkflowTemplate "x"; create it',
    ]);
    const resolved = resolveLibrary({ tasks: [uses('w')] }, none);
    expect('problems' in resolved && resolved.problems[0].reason).toBe('TemplateNotFound');
  });

  it('refuses a local name that is unknown, has a version, or stands outside a Workflow', () => {
    const templates = [{ name: 'deploy', ...body(run) }];
    expect(problems({ tasks: [uses('deplyo', { kind: 'Local' })], templates })).toEqual([
      'spec.tasks[0].template: unknown template "deplyo"; did you mean "deploy"? (known: deploy)',
    ]);
    expect(problems({ tasks: [uses('deploy', { version: '1.0.0' })], templates })[0]).toContain('remove `version`');
    const found = find({ 'WorkflowTemplate/w@': body(uses('deploy', { kind: 'Local' })) });
    expect(problems({ tasks: [uses('w')], templates }, found)[0]).toContain('remove `kind`');
    const narrow = { tasks: [uses('w', { kind: 'WorkflowTemplate' })] };
    expect(problems(narrow, found, 'ClusterWorkflowTemplate')[0]).toContain('only other ClusterWorkflowTemplates');
  });

  it('names a circle, and lets a version use an older one', () => {
    const templates = [
      { name: 'a', ...body(uses('b')) },
      { name: 'b', ...body(run, uses('a')) },
    ];
    expect(problems({ tasks: [run], templates })).toEqual([
      'spec.templates[1].tasks[1].template: the templates form a cycle: a → b → a; remove one of these references',
    ]);
    const found = find({
      'WorkflowTemplate/w@': body(uses('w', { version: '1.0.0' })),
      'WorkflowTemplate/w@1.0.0': body(run),
    });
    expect(problems({ tasks: [uses('w')] }, found)).toEqual([]);
  });

  it('refuses templates that are nested too deep, and says so once', () => {
    const chain = (length: number) =>
      find(
        Object.fromEntries(
          Array.from({ length }, (_, i) => [
            `WorkflowTemplate/t${i}@`,
            i + 1 < length ? body(uses(`t${i + 1}`)) : body(run),
          ]),
        ),
      );
    expect(problems({ tasks: [uses('t0')] }, chain(MAX_TEMPLATE_DEPTH))).toEqual([]);
    const [first, ...others] = problems({ tasks: [uses('t0')] }, chain(MAX_TEMPLATE_DEPTH + 1));
    expect(first).toContain('nested more than 8 levels deep at WorkflowTemplate "t8"');
    expect(others).toEqual([]);
    // What was reached at a place of few levels first counts at the deeper place as well.
    const both = { tasks: [uses('t5'), uses('t0')] };
    expect(problems(both, chain(MAX_TEMPLATE_DEPTH + 1))[0]).toContain('spec.tasks[1].template: in ');
  });

  it('is bounded in templates and in bytes', () => {
    const many: FindTemplate = (_kind, name) => body({ ...run, description: name });
    const tasks = Array.from({ length: MAX_TEMPLATES + 5 }, (_, i) => ({ ...uses(`t${i}`), name: `u${i}` }));
    expect(problems({ tasks: tasks.slice(0, MAX_TEMPLATES) }, many)).toEqual([]);
    expect(problems({ tasks }, many)).toEqual([
      'spec.tasks[100].template: the tasks lead to more than 100 templates; use fewer of them',
    ]);
    const large: FindTemplate = () => body({ ...run, run: 'x'.repeat(60_000) });
    expect(problems({ tasks: tasks.slice(0, 8) }, large)).toEqual([]);
    expect(problems({ tasks: tasks.slice(0, 9) }, large)[0]).toContain(`larger than ${MAX_LIBRARY_BYTES} bytes`);
  });
});

describe('the digest of what onChange watches', () => {
  it('changes with all that runs, and with parameters only if they are watched', () => {
    const spec = { tasks: [run] };
    const before = digestOfWatched(spec, ['Tasks']);
    const changes: Partial<LibrarySource>[] = [
      { templates: [{ name: 'a', ...body(run) }] },
      { finally: [{ ...run, name: 'last' }] },
      { hooks: [{ event: 'Failed', run: 'true' }] },
      { compensate: ['Failed'] },
    ];
    for (const change of changes) expect(digestOfWatched({ ...spec, ...change }, ['Tasks'])).not.toBe(before);
    expect(digestOfWatched({ ...spec, parameters: [{ name: 'x' }] }, ['Tasks'])).toBe(before);
    expect(digestOfWatched({ ...spec, parameters: [{ name: 'x' }] }, ['Parameters'])).not.toBe(before);
    expect(Object.keys(definitionOf({ ...spec, compensate: ['Failed'] }))).toEqual(['compensate', 'tasks']);
  });
});
