import type { Task } from '../../api/index.ts';
import type { Scope, VisibleTask } from '../expression/index.ts';
import { ancestors } from '../plan/graph.ts';
import { type Library, visibleTask } from '../plan/visible.ts';

/** The scope of each task by name, made when it is first asked for: most tasks hold few expressions. */
export type Scopes = (task: Pick<Task, 'name'>) => Scope;

type Parameters = Scope['parameters'];

/** The scopes of tasks that see those they need, of one graph. `others` are tasks that all of them see besides. */
export function scopesOf(
  parameters: Parameters,
  tasks: readonly Task[],
  library: Library,
  others: readonly Task[] = [],
): Scopes {
  const allTasks = new Set([...tasks, ...others].map(({ name }) => name));
  const above = ancestors(tasks);
  const beside = visibleTasks(others, library);
  const visible = visibleTasks(tasks, library);
  const made = new Map<string, Scope>();
  return ({ name }) => {
    const found = made.get(name);
    if (found !== undefined) return found;
    const needed = [...(above.get(name) ?? [])].map((need) => [need, visible.get(need) as VisibleTask] as const);
    const scope = { ...NOTHING, parameters, allTasks, tasks: Object.fromEntries([...beside, ...needed]) };
    made.set(name, scope);
    return scope;
  };
}

/** A scope that sees all of these tasks. */
export function scopeOfAll(parameters: Parameters, tasks: readonly Task[], library: Library): Scope {
  const visible = visibleTasks(tasks, library);
  return { ...NOTHING, parameters, tasks: Object.fromEntries(visible), allTasks: new Set(visible.keys()) };
}

/** What `defaults` may read: they hold for every task, so there is no ancestor that all of them have. */
export function scopeOfDefaults(parameters: Parameters): Scope {
  return { ...NOTHING, parameters };
}

/** The scope of a task with the task itself in it: that of hooks of its end. */
export function withItself(scope: Scope, task: Task, library: Library): Scope {
  return { ...scope, tasks: { ...scope.tasks, [task.name]: visibleTask(task, library) } };
}

const NOTHING: Scope = { parameters: {}, tasks: {}, allTasks: new Set(), item: false, attempt: false };

/** Of tasks with one name the first counts, as in the graph; the others are reported. */
function visibleTasks(tasks: readonly Task[], library: Library): Map<string, VisibleTask> {
  return new Map([...tasks].reverse().map((task) => [task.name, visibleTask(task, library)]));
}
