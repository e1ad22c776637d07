import { describe, expect, it } from 'vitest';
import type { Json } from '../../api/index.ts';
import { type GenerationContext, MAX_GENERATED_BYTES, validateGenerated } from './generated.ts';

const context: GenerationContext = {
  parameters: { version: 'String' },
  defaults: { image: 'busybox:1.36' },
  library: {
    'Local/ship@': { parameters: [{ name: 'to' }], tasks: [{ name: 'go', run: 'true', image: 'a' }] },
    'WorkflowTemplate/grow@': { tasks: [{ name: 'more', generate: { tasks: '[]' } }] },
    'WorkflowTemplate/outer@': { tasks: [{ name: 'in', template: { name: 'grow', kind: 'WorkflowTemplate' } }] },
  },
};
const problem = (tasks: Json, more: Partial<GenerationContext> = {}) => {
  const found = validateGenerated(tasks, { ...context, ...more });
  return 'problem' in found ? found.problem : undefined;
};

describe('generated tasks', () => {
  it('are tasks like others, that may need each other and use the templates of the definition', () => {
    const tasks = [
      { name: 'a', run: 'true', env: { V: '${{ params.version }}' }, outputs: [{ name: 'x' }] },
      { name: 'b', needs: ['a'], template: { name: 'ship' }, with: { to: '${{ tasks.a.outputs.x }}' } },
    ];
    const found = validateGenerated(tasks, context);
    expect('tasks' in found && found.tasks.map(({ template }) => template)).toEqual([
      undefined,
      { name: 'ship', kind: 'Local' },
    ]);
  });

  it('are a list of a bounded size', () => {
    expect(problem({ name: 'a' })).toContain('is not a list');
    const many = Array.from({ length: 101 }, (_, i) => ({ name: `t${i}`, run: 'true' }));
    expect(problem(many)).toBe('101 tasks are too many; generate at most 100');
    expect(problem([{ name: 'a', run: 'x'.repeat(MAX_GENERATED_BYTES) }])).toContain('at most 16384 are allowed');
    expect(problem([])).toBeUndefined();
  });

  it('fit the schema, and have no fields that it does not know', () => {
    expect(problem([{ name: 'A', run: 'true' }])).toContain('tasks[0].name: ');
    expect(problem([{ name: 'a', run: 'true', retry: { limt: 1, limit: 1 } }])).toContain(
      'tasks[0].retry.limt: unknown field "limt"; did you mean "limit"? (known: limit, ',
    );
    expect(problem([{ name: 'a', run: 'true' }, 'b'])).toBe(
      'tasks[1]: "b" is a string, not an object; write {name: b}',
    );
    expect(problem([{ name: 'a', run: 'true' }], { defaults: undefined })).toContain(
      'tasks[0].image: the task has no image',
    );
  });

  it.each<[string, Json, string]>([
    ['if', 'a', 'when'],
    ['depends', ['b'], 'needs'],
    ['dependencies', ['b'], 'needs'],
    ['after', ['b'], 'needs'],
    ['runAfter', ['b'], 'needs'],
    ['script', 'true', 'run'],
    ['args', ['a'], 'container.args'],
    ['withItems', [1], 'forEach.items'],
    ['continue-on-error', true, 'onFailure'],
  ])('are told what the field %s of a peer is called here', (field, value, remedy) => {
    const told = `unknown field "${field}"; write ${remedy}`;
    expect(problem([{ name: 'a', [field]: value }])).toBe(
      field.includes('-') ? `tasks[0]["${field}"]: ${told}` : `tasks[0].${field}: ${told}`,
    );
  });

  it.each([
    ['need', 'needs'],
    ['tiemout', 'timeout'],
    ['ImagePullPolicy', 'imagePullPolicy'],
    ['forEch', 'forEach'],
  ])('are told which field was probably meant by %s', (field, meant) => {
    expect(problem([{ [field]: ['a'] }])).toContain(
      `tasks[0].${field}: unknown field "${field}"; did you mean "${meant}"?`,
    );
  });

  it('keep the fields of objects that are passed on', () => {
    const pod = { volumes: [{ name: 'v', csi: { if: 'x' } }], affinity: { depends: {} } };
    expect(problem([{ name: 'a', run: 'true', ...pod }])).toBeUndefined();
  });

  it('see their siblings and the parameters around them, and nothing else', () => {
    const reading = (text: string) => problem([{ name: 'a', run: 'true', env: { X: text } }]);
    expect(reading('${{ params.x }}')).toContain('tasks[0].env.X: unknown parameter "x"');
    expect(reading('${{ tasks.outer.status }}')).toContain('unknown task "outer"');
    expect(problem([{ name: 'a', run: 'echo ${{ params.version }}' }])).toContain('tasks[0].run: ${{ }} in a script');
  });

  it('have names of their own and no circle', () => {
    const a = { name: 'a', run: 'true' };
    expect(problem([a, a])).toContain('tasks[1].name: task "a" is declared already');
    expect(
      problem([
        { ...a, needs: ['b'] },
        { ...a, name: 'b', needs: ['a'] },
      ]),
    ).toContain('form a dependency cycle');
  });

  it('use no template that is not pinned, and generate no tasks themselves', () => {
    expect(problem([{ name: 'a', template: { name: 'other' } }])).toBe(
      'tasks[0].template: WorkflowTemplate "other" is not pinned with the definition; use a template, in the same version, that a task of the workflow uses too',
    );
    expect(problem([{ name: 'a', generate: { tasks: '[]' } }])).toContain('cannot generate tasks');
    expect(problem([{ name: 'a', template: { name: 'outer' } }])).toContain('generates tasks, which');
    expect(problem([{ name: 'a', run: 'true', undo: { run: 'true' } }])).toContain(
      'set undo on the task that generates',
    );
  });
});
