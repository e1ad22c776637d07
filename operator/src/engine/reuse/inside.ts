import type { Definition, Hook, Task, TaskDefaults, TemplateBody, Undo } from '../../api/index.ts';
import { libraryKey, type ResolvedRef } from '../library.ts';

/** A task as it stands in its graph. */
export interface Standing {
  readonly task: Task;
  readonly defaults: TaskDefaults | undefined;
}

/** A task with all that it does: its hooks, its undo, and the tasks of the templates that any of these lead to. */
export interface Inside {
  /** The task itself, its hooks and its undo: they see the parameters around the task. */
  readonly own: readonly Standing[];
  /** What stands in templates. */
  readonly inner: readonly Standing[];
  /** The templates, by libraryKey. */
  readonly bodies: ReadonlyMap<string, TemplateBody>;
  /** Names of the Workflows that any of it starts runs of. */
  readonly workflows: ReadonlySet<string>;
  /** Whether any of it generates tasks: then nothing is known of those before it runs. */
  readonly generates: boolean;
}

/** What a task consists of, as far as its pinned definition says. */
export function insideOf({ library = {} }: Definition, task: Task, defaults: TaskDefaults | undefined): Inside {
  const own = withSides(task).map((each) => ({ task: each, defaults }));
  const bodies = new Map<string, TemplateBody>();
  const inner: Standing[] = [];
  const reach = ({ task: { template } }: Standing): void => {
    const key = template && libraryKey(template as ResolvedRef);
    const body = key === undefined ? undefined : library[key];
    if (key === undefined || !body || bodies.has(key)) return;
    bodies.set(key, body);
    const found = body.tasks.flatMap(withSides).map((each) => ({ task: each, defaults: body.defaults }));
    inner.push(...found);
    found.forEach(reach);
  };
  own.forEach(reach);
  const all = [...own, ...inner];
  return {
    own,
    inner,
    bodies,
    workflows: new Set(all.flatMap(({ task: { workflow } }) => (workflow ? [workflow.name] : []))),
    generates: all.some(({ task: { generate } }) => generate !== undefined),
  };
}

/** A task, and as tasks what stands beside it. */
function withSides(task: Task): Task[] {
  const { hooks = [], undo, name } = task;
  const sides: (Hook | Undo)[] = undo ? [...hooks, undo] : hooks;
  return [task, ...sides.map((side): Task => ({ ...side, name }))];
}

/** Whether people or systems are asked in it, as far as the definition says. */
export const asks = ({ own, inner }: Inside): boolean =>
  [...own, ...inner].some(({ task }) => task.approval !== undefined || task.waitForSignal !== undefined);
