import { describe, expect, it } from 'vitest';
import type { Task, TemplateBody, WorkflowSpec } from '../../api/index.ts';
import { lines, specOf } from './samples.ts';
import { validateTemplate } from './template.ts';
import { validateWorkflow } from './workflow.ts';

const body: TemplateBody = {
  parameters: [{ name: 'image' }, { name: 'replicas', type: 'Integer', default: 1 }],
  defaults: { image: '${{ params.image }}' },
  tasks: [
    { name: 'migrate', run: 'true', outputs: [{ name: 'id' }] },
    { name: 'roll', needs: ['migrate'], run: 'true', env: { ID: '${{ tasks.migrate.outputs.id }}' } },
  ],
  outputs: [{ name: 'id', value: 'tasks.migrate.outputs.id' }],
};
const deploy = { name: 'deploy', ...body };
const use: Omit<Task, 'name'> = { template: { name: 'deploy' }, with: { image: 'a:${{ params.version }}' } };

const problems = (tasks: Omit<Task, 'name'>[], more: Partial<WorkflowSpec> = {}) =>
  lines(validateWorkflow(specOf(tasks, { templates: [deploy], ...more })));
const local = (change: Partial<TemplateBody>) => problems([use], { templates: [{ ...deploy, ...change }] });
const object = (change: Partial<TemplateBody>) => lines(validateTemplate({ ...body, ...change }, 'WorkflowTemplate'));

describe('a task that uses a template', () => {
  it('gives values to its parameters, and reads its outputs', () => {
    expect(problems([use, { needs: ['t0'], compute: { x: 'tasks.t0.outputs.id + "!"' } }])).toEqual([]);
    const each = { ...use, forEach: { items: [1, 2] } };
    expect(problems([each, { needs: ['t0'], compute: { x: 'tasks.t0.outputs[0].id' } }])).toEqual([]);
    expect(problems([use, { needs: ['t0'], compute: { x: 'tasks.t0.outputs.di' } }])[0]).toContain('no output "di"');
    expect(problems([{ ...use, with: { imag: 'a', replicas: 'many' } }])).toEqual([
      'spec.tasks[0].with.imag: the template "deploy" has no parameter "imag"; did you mean "image"? (known: image, replicas)',
      'spec.tasks[0].with.replicas: "many" is not an Integer; give the parameter another value',
      'spec.tasks[0].with.image: the template "deploy" requires the parameter "image" (String); give it a value',
    ]);
    expect(problems([{ ...use, with: { image: '${{ params.x }}' } }])[0]).toContain(
      'with.image: unknown parameter "x"',
    );
    expect(problems([{ ...use, with: { image: 'a', replicas: '${{ params.version }}' } }])).toEqual([]);
  });

  it('gives values that the parameter takes', () => {
    const bounded = { ...deploy, parameters: [{ name: 'image', enum: ['a', 'b'] }] };
    expect(problems([{ ...use, with: { image: 'c' } }], { templates: [bounded] })).toEqual([
      'spec.tasks[0].with.image: "c" is not one of its values: "a", "b"; give the parameter another value',
    ]);
    expect(problems([{ ...use, with: { image: 'b' } }], { templates: [bounded] })).toEqual([]);
  });

  it('leaves what belongs to attempts and pods to the tasks of the template', () => {
    const remedy = 'put it on the tasks of the template';
    expect(problems([{ ...use, retry: { limit: 1 }, cache: { key: 'a' }, env: { A: 'a' } }])).toEqual([
      `spec.tasks[0].retry: a task that is a template is not retried as a whole; ${remedy}`,
      `spec.tasks[0].cache: a task that is a template has no attempt of its own; ${remedy}`,
      `spec.tasks[0].env: a task that is a template has no pod of its own; ${remedy}`,
    ]);
    expect(problems([{ ...use, outputs: [{ name: 'id' }] }])[0]).toContain('are declared in the template; remove "id"');
  });

  it('names a template that exists, where templates are looked for', () => {
    const spec = specOf([{ template: { name: 'elsewhere' } }, { template: { name: 'x', kind: 'Local' } }]);
    expect(lines(validateWorkflow(spec))).toEqual([
      'spec.tasks[1].template: unknown template "x"; there is no local template',
    ]);
    const found = lines(validateWorkflow(spec, () => ({ problem: 'no such template' })));
    expect(found[0]).toBe('spec.tasks[0].template: no such template');
  });
});

describe('a template', () => {
  it('is judged in its own scope, with its own fields', () => {
    const read = (text: string): Partial<TemplateBody> => ({ tasks: [{ name: 'a', run: 'true', env: { X: text } }] });
    expect(local({ ...read('${{ params.version }}'), outputs: [] })[0]).toMatch(
      /^spec\.templates\[0\]\.tasks\[0\]\.env\.X: unknown parameter "version"/,
    );
    expect(object({ ...read('${{ tasks.t0.status }}'), outputs: [] })[0]).toMatch(
      /^spec\.tasks\[0\]\.env\.X: unknown task "t0"/,
    );
    expect(local({ defaults: {} })[0]).toContain('spec.templates[0].tasks[0].image: the task has no image');
    expect(local({ parameters: [{ name: 'image' }, { name: 'n', type: 'Integer', default: 'x' }] })[0]).toContain(
      'spec.templates[0].parameters[1].default: ',
    );
    expect(local({ defaults: { image: 'a', timeout: '0s' } })[0]).toContain('spec.templates[0].defaults.timeout: ');
    expect(local({ tasks: [{ name: 'migrate', run: 'true', needs: ['x'] }] })[0]).toContain(
      'spec.templates[0].tasks[0].needs[0]: unknown task "x"',
    );
  });

  it('hands on what its tasks and parameters give', () => {
    expect(object({ outputs: [{ name: 'x', value: 'params.replicas + 1' }] })).toEqual([]);
    expect(object({ outputs: [{ name: 'x', value: 'tasks.migrat.outputs.id' }] })[0]).toContain(
      'spec.outputs[0].value: unknown task "migrat"',
    );
    const twice = [
      { name: 'x', value: '1' },
      { name: 'x', value: '2' },
    ];
    expect(object({ outputs: twice })[0]).toContain('spec.outputs[1].name: output "x" is declared already');
  });

  it('is one of its name, and in no circle', () => {
    expect(problems([use], { templates: [deploy, deploy] })).toEqual([
      'spec.templates[1].name: template "deploy" is declared already at spec.templates[0].name; rename one',
    ]);
    const circle = [{ name: 'again', template: { name: 'deploy' }, with: { image: 'a' } }];
    expect(local({ tasks: circle, outputs: [] })).toEqual([
      'spec.templates[0].tasks[0].template: the templates form a cycle: deploy → deploy; remove one of these references',
    ]);
  });

  it('undoes nothing by itself', () => {
    const tasks: Task[] = [{ name: 'migrate', run: 'true', undo: { run: 'true' }, outputs: [{ name: 'id' }] }];
    expect(object({ tasks })).toEqual([
      'spec.tasks[0].undo: a task of a template cannot have undo; set it on the task that uses the template',
    ]);
  });
});

describe('the size of a run', () => {
  it('counts the tasks of templates as often as they are used', () => {
    const templates = [
      { name: 'ten', ...bodyOf(10, { run: 'true' }) },
      { name: 'many', ...bodyOf(50, { template: { name: 'ten' } }) },
    ];
    const spec = (count: number) =>
      specOf(
        Array.from({ length: count }, () => ({ template: { name: 'many' } })),
        { templates },
      );
    expect(lines(validateWorkflow(spec(9)))).toEqual([]);
    expect(lines(validateWorkflow(spec(10)))).toEqual([
      'spec.tasks: there are 5510 tasks, including those of templates; at most 5000 are allowed; use fewer templates or start child workflows',
    ]);
  });
});

function bodyOf(count: number, task: Omit<Task, 'name'>): TemplateBody {
  return {
    defaults: { image: 'a' },
    tasks: Array.from({ length: count }, (_, index) => ({ name: `t${index}`, ...task })),
  };
}
