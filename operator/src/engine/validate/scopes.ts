import type { Task, ValueType, WorkflowSpec } from '../../api/index.ts';
import type { Scope, VisibleTask } from '../expression/index.ts';
import { ancestors } from '../graph.ts';

/** The scope of each task by name, made when it is first asked for: most tasks hold few expressions. */
export function scopesOf(spec: Pick<WorkflowSpec, 'parameters' | 'tasks'>): (task: Task) => Scope {
  const parameters = parameterTypes(spec);
  const allTasks = new Set(spec.tasks.map(({ name }) => name));
  const above = ancestors(spec.tasks);
  // Of tasks with one name the first counts, as in the graph; the others are reported.
  const visible = new Map([...spec.tasks].reverse().map((task) => [task.name, visibleTask(task)]));
  const made = new Map<string, Scope>();
  return (task) => {
    const found = made.get(task.name);
    if (found !== undefined) return found;
    const names = [...(above.get(task.name) ?? [])];
    const tasks = Object.fromEntries(names.map((name) => [name, visible.get(name) as VisibleTask]));
    const scope = { parameters, tasks, allTasks, item: task.forEach !== undefined, attempt: false };
    made.set(task.name, scope);
    return scope;
  };
}

/** What `defaults` may read: they hold for every task, so there is no ancestor that all of them have. */
export function scopeOfDefaults(spec: Pick<WorkflowSpec, 'parameters'>): Scope {
  return { parameters: parameterTypes(spec), tasks: {}, allTasks: new Set(), item: false, attempt: false };
}

function parameterTypes({ parameters = [] }: Pick<WorkflowSpec, 'parameters'>): Record<string, ValueType> {
  return Object.fromEntries(parameters.map(({ name, type }) => [name, type ?? 'String']));
}

function visibleTask({ outputs = [], forEach }: Task): VisibleTask {
  return {
    outputs: Object.fromEntries(outputs.map(({ name, type }) => [name, type ?? 'String'])),
    fannedOut: forEach !== undefined,
  };
}
