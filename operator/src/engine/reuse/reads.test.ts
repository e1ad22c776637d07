import { describe, expect, it } from 'vitest';
import type { Definition, Task, WorkflowSpec } from '../../api/index.ts';
import { validateWorkflow } from '../validate/workflow.ts';
import { insideOf } from './inside.ts';

const side = { image: 'i', env: { A: 'x' }, container: { command: ['x'], args: ['x'] } };

/** Tasks that have between them every field in which there can be text. */
const TASKS: readonly Partial<Task>[] = [
  {
    ...{ run: 'true', image: 'i', env: { A: 'x' }, when: 'true', cache: { key: 'x' }, description: 'x' },
    forEach: { itemsFrom: '[1]', key: 'string(item)' },
    retry: { limit: 1, when: 'true' },
    semaphores: [{ name: 's', shareBy: "'x'" }],
    hooks: [{ event: 'Succeeded', ...side }],
    undo: { http: { url: 'http://x/', headers: { H: 'x' }, body: 'x' } },
    outputs: [{ name: 'v', description: 'x' }],
    volumes: [{ name: 'x' }],
  },
  { ...side, shell: ['sh', '-c'], serviceAccountName: 'x', workspaces: [{ name: 'w', mountPath: '/x', subPath: 'x' }] },
  { http: { url: 'http://x/', headers: { H: 'x' }, body: 'x' } },
  { resource: { manifest: { kind: 'x', list: ['x'], map: { deep: 'x' } }, successWhen: 'true', outputs: { v: '1' } } },
  { compute: { v: '1' } },
  { generate: { tasks: '[]' } },
  { sleep: { duration: '1s' } },
  { sleep: { until: '2030-01-31T08:00:00Z' } },
  { approval: { message: 'x', form: [{ name: 'f', default: 'x', description: 'x' }] } },
  { waitForSignal: { name: 'x', values: [{ name: 'f', default: 'x' }] } },
  { workflow: { name: 'x' }, with: { a: 'x' } },
  {
    template: { name: 'sub' },
    with: { a: 'x' },
    hooks: [{ event: 'Started', template: { name: 'sub' }, with: { a: 'x' } }],
  },
  { run: 'true', loop: { state: { s: '1' }, next: { s: '2' }, while: 'true', until: 'true' } },
];

type Path = readonly (string | number)[];

function* textsOf(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value === 'string') yield path;
  if (value === null || typeof value !== 'object') return;
  for (const [key, each] of Object.entries(value)) yield* textsOf(each, [...path, key]);
}

function replaced(value: unknown, [key, ...rest]: Path, text: string): unknown {
  if (key === undefined) return text;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, text);
  return copy;
}

const specOf = (task: Partial<Task>): WorkflowSpec => ({
  parameters: [{ name: 'p' }],
  defaults: { image: 'i' },
  workspaces: [{ name: 'w', size: '1Gi' }],
  templates: [
    { name: 'sub', parameters: [{ name: 'a', default: '' }], tasks: [{ name: 'x', image: 'i', run: 'true' }] },
  ],
  tasks: [{ name: 't', ...task }],
});

/** Whether an expression in the text is evaluated there: only then a name that is unknown is a problem. */
const isEvaluated = (task: Partial<Task>): boolean =>
  validateWorkflow(specOf(task)).some(({ message }) => message.includes('unknown parameter "nobody"'));

const PLACES = TASKS.flatMap((task) =>
  [...textsOf(task)].flatMap((path) => ['${{ params.X }}', 'params.X'].map((text) => ({ task, path, text }))),
).filter(({ task, path, text }) => isEvaluated(replaced(task, path, text.replace('X', 'nobody')) as Partial<Task>));

describe('what a task reads', () => {
  it('is a parameter wherever an expression is evaluated that names it', () => {
    const definition = specOf({}) as Definition;
    const missed = PLACES.filter(({ task, path, text }) => {
      const reading = { name: 't', ...(replaced(task, path, text.replace('X', 'p')) as Partial<Task>) } as Task;
      const { parameters } = insideOf(definition, reading, definition.defaults);
      return !parameters.has('p');
    });
    expect(PLACES.length).toBeGreaterThan(30);
    expect(missed.map(({ path, text }) => `${path.join('.')}: ${text}`)).toEqual([]);
  });
});
