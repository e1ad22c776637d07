import type { Definition, Task, ValueType } from '../api/index.ts';
import { type Scope, taskReferences, type VisibleTask } from './expression/index.ts';
import { ancestors, topologicalOrder } from './graph.ts';

/** A task with everything that decisions need of it and that only depends on the definition. */
export interface PlannedTask {
  readonly task: Task;
  readonly ancestors: ReadonlySet<string>;
  /** Tasks whose outputs or status its expressions read. */
  readonly reads: ReadonlySet<string>;
  /** Its `when` looks at the item, so it is asked for each item. */
  readonly whenPerItem: boolean;
}

/** A definition, compiled once per digest. */
export interface Plan {
  readonly digest: string;
  readonly definition: Definition;
  readonly tasks: ReadonlyMap<string, PlannedTask>;
  /** Names of all tasks, each after its needs. */
  readonly order: readonly string[];
  /** For each task, the tasks that read its outputs. */
  readonly readers: ReadonlyMap<string, readonly string[]>;
  /** The declared types, which tell an Integer from a whole Number. */
  readonly types: Pick<Scope, 'parameters' | 'tasks'>;
}

/** The expressions and templates of a task, `retry.when` included. */
function sourcesOf(task: Task, defaults: Definition['defaults']): string[] {
  const env = { ...defaults?.env, ...task.env };
  const { command = [], args = [], image } = task.container ?? {};
  const all = [
    task.when,
    task.forEach?.itemsFrom,
    (task.retry ?? defaults?.retry)?.when,
    task.image,
    defaults?.image,
    image,
  ];
  return [...all, ...Object.values(env), ...command, ...args].filter((source) => source !== undefined);
}

const mentionsItem = (expression: string | undefined) => /\b(item|index)\b/.test(expression ?? '');

function outputTypes(task: Task): Record<string, ValueType> {
  return Object.fromEntries((task.outputs ?? []).map(({ name, type }) => [name, type ?? 'String']));
}

/** Compiles a valid definition. */
export function plan(definition: Definition, digest: string): Plan {
  const above = ancestors(definition.tasks);
  const tasks = new Map<string, PlannedTask>();
  const readers = new Map<string, string[]>();
  for (const task of definition.tasks) {
    const reads = new Set(sourcesOf(task, definition.defaults).flatMap((source) => [...taskReferences(source)]));
    tasks.set(task.name, {
      task,
      ancestors: above.get(task.name) ?? new Set(),
      reads,
      whenPerItem: task.forEach !== undefined && mentionsItem(task.when),
    });
    for (const name of reads) readers.set(name, [...(readers.get(name) ?? []), task.name]);
  }
  const visible = definition.tasks.map((task): [string, VisibleTask] => [
    task.name,
    { outputs: outputTypes(task), fannedOut: task.forEach !== undefined },
  ]);
  const parameters = (definition.parameters ?? []).map(({ name, type }): [string, ValueType] => [
    name,
    type ?? 'String',
  ]);
  return {
    digest,
    definition,
    tasks,
    order: topologicalOrder(definition.tasks),
    readers,
    types: { parameters: Object.fromEntries(parameters), tasks: Object.fromEntries(visible) },
  };
}
