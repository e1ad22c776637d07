import {
  ACTIONS,
  type Action,
  type AttemptBackend,
  type Definition,
  eventOf,
  type HookEvent,
  type Parameter,
  sideOf,
  type Task,
  type TaskDefaults,
  type TemplateBody,
} from '../../api/index.ts';
import { BoundedMap } from '../../bounds/index.ts';
import { type Scope, taskReferences } from '../expression/index.ts';
import { parameterTypes } from '../values/parameter-types.ts';
import { topologicalOrder } from './graph.ts';
import { libraryKey, type ResolvedRef } from './library.ts';
import { sourcesOf } from './sources.ts';
import { visibleTask } from './visible.ts';

/**
 * When a task has its turn. Main: when its needs have ended. Hook: at an event of a task or of the run. Undo: after a
 * failure, for a task that succeeded. Final: when all else has ended.
 */
export type Role = 'Main' | 'Hook' | 'Undo' | 'Final';

/** A task with everything that decisions need of it and that only depends on the definition. */
export interface PlannedTask {
  readonly task: Task;
  readonly role: Role;
  readonly action: Action;
  /** What runs its attempts; nothing where the engine alone does. */
  readonly backend: AttemptBackend | undefined;
  /** Tasks whose outputs or status its expressions read. */
  readonly reads: ReadonlySet<string>;
  /** Its `when` looks at the item, so it is asked for each item. */
  readonly whenPerItem: boolean;
  /** The tasks of its template. */
  readonly body: ScopePlan | undefined;
  /** Undo: the task that it undoes. */
  readonly undoes?: string;
  /** Hook: the event of the task that it needs, or of the run. */
  readonly event?: HookEvent;
}

/** A graph of tasks: those of the run, of a template, or those that were generated. */
export interface ScopePlan {
  readonly tasks: ReadonlyMap<string, PlannedTask>;
  /** Names of all tasks, each after its needs. */
  readonly order: readonly string[];
  /** For each task, the tasks that read its outputs. */
  readonly readers: ReadonlyMap<string, readonly string[]>;
  /** Tasks that the outputs of the template read, or what asks whether a run continues. */
  readonly exported: ReadonlySet<string>;
  readonly defaults: TaskDefaults | undefined;
  readonly parameters: readonly Parameter[];
  readonly outputs: NonNullable<TemplateBody['outputs']>;
  /** The declared types, which tell an Integer from a whole Number. */
  readonly types: Pick<Scope, 'parameters' | 'tasks'>;
  /** Graphs of tasks that were generated in this one, by their JSON: compiled when they are first met. */
  readonly generated: BoundedMap<ScopePlan>;
}

/** A definition, compiled once per digest. */
export interface Plan extends ScopePlan {
  readonly digest: string;
  readonly definition: Definition;
  readonly bodies: Map<string, ScopePlan>;
}

/** Compiled graphs of generated tasks that are kept of each graph. */
const MAX_GENERATED = 100;

type Planned = Pick<PlannedTask, 'task' | 'role' | 'undoes' | 'event'>;
type Graph = Pick<TemplateBody, 'parameters' | 'defaults' | 'outputs'> & {
  readonly planned: readonly Planned[];
  /** What else reads tasks once they have ended. */
  readonly afterwards?: readonly string[];
};
type Library = Pick<Plan, 'definition' | 'bodies'>;

const BACKENDS: Partial<Record<Action, AttemptBackend>> = {
  run: 'Pod',
  container: 'Pod',
  http: 'Http',
  workflow: 'Child',
  resource: 'Resource',
  approval: 'Signal',
  waitForSignal: 'Signal',
};

/** Compiles a valid definition. */
export function plan(definition: Definition, digest: string): Plan {
  const own = { digest, definition, bodies: new Map<string, ScopePlan>() };
  const planned = [
    ...definition.tasks.flatMap((task) => withSides(task, definition.compensate !== undefined)),
    ...runHooks(definition.hooks),
    ...(definition.finally ?? []).map((task): Planned => ({ task, role: 'Final' })),
  ];
  const { when, with: texts = {} } = definition.continueAsNew ?? {};
  const afterwards = [...(when === undefined ? [] : [when]), ...Object.values(texts)];
  return { ...own, ...planScope(own, { ...definition, outputs: [], planned, afterwards }) };
}

/** The graph of generated tasks; they see the parameters and the defaults around them. */
export function planGenerated(whole: Plan, around: ScopePlan, tasks: readonly Task[]): ScopePlan {
  const key = JSON.stringify(tasks);
  const known = around.generated.get(key);
  if (known) return known;
  const { parameters, defaults } = around;
  const planned = tasks.flatMap((task) => withSides(task, false));
  const compiled = planScope(whole, { parameters: [...parameters], defaults, outputs: [], planned });
  around.generated.set(key, compiled);
  return compiled;
}

/** A task with its hooks and its undo, which are tasks of the same graph. No name of a task has a dot. */
function withSides(task: Task, compensates: boolean): Planned[] {
  const { undo } = task;
  const hooks = (task.hooks ?? []).map((hook): Planned => {
    const event = eventOf(hook);
    const name = `${task.name}.on-${event.toLowerCase()}`;
    return { role: 'Hook', event, task: { ...sideOf(hook), name, needs: [task.name], onFailure: 'Continue' } };
  });
  const undone: Planned[] =
    undo && compensates ? [{ role: 'Undo', undoes: task.name, task: { ...undo, name: `${task.name}.undo` } }] : [];
  return [{ task, role: 'Main' }, ...hooks, ...undone];
}

const WHEN_RUN: Readonly<Record<HookEvent, string | undefined>> = {
  Started: undefined,
  Succeeded: "run.result == 'Succeeded'",
  Failed: "run.result == 'Failed'",
  Finished: undefined,
};

function runHooks(hooks: Definition['hooks'] = []): Planned[] {
  return hooks.map((hook) => {
    const event = eventOf(hook);
    const task: Task = { ...sideOf(hook), name: `on-${event.toLowerCase()}.run`, onFailure: 'Continue' };
    if (event === 'Started') return { role: 'Hook', event, task };
    const when = WHEN_RUN[event];
    return { role: 'Final', event, task: when === undefined ? task : { ...task, when } };
  });
}

function planScope(library: Library, graph: Graph): ScopePlan {
  const { parameters = [], defaults, outputs = [], planned, afterwards = [] } = graph;
  const tasks = new Map<string, PlannedTask>();
  const readers = new Map<string, string[]>();
  for (const each of planned) {
    const { task } = each;
    const compiled = planTask(library, each, defaults);
    tasks.set(task.name, compiled);
    for (const name of compiled.reads) readers.set(name, [...(readers.get(name) ?? []), task.name]);
  }
  const visible = planned.map(({ task }) => [task.name, visibleTask(task, library.definition.library ?? {})] as const);
  return {
    tasks,
    order: topologicalOrder(planned.map(({ task }) => task)),
    readers,
    exported: new Set(
      [...outputs.map(({ value }) => value), ...afterwards].flatMap((text) => [...taskReferences(text)]),
    ),
    defaults,
    parameters,
    outputs,
    types: {
      parameters: parameterTypes(parameters),
      tasks: Object.fromEntries(visible),
    },
    generated: new BoundedMap({ max: MAX_GENERATED }),
  };
}

const mentionsItem = (expression: string | undefined) => /\b(item|index)\b/.test(expression ?? '');

function planTask(library: Library, planned: Planned, defaults: TaskDefaults | undefined): PlannedTask {
  const { task, undoes } = planned;
  const action = ACTIONS.find((each) => task[each] !== undefined) ?? 'run';
  const reads = new Set(sourcesOf(task, defaults).flatMap((source) => [...taskReferences(source)]));
  if (undoes !== undefined) reads.add(undoes);
  return {
    ...planned,
    action,
    backend: BACKENDS[action],
    reads,
    whenPerItem: task.forEach !== undefined && mentionsItem(task.when),
    body: task.template && bodyOf(library, task.template as ResolvedRef),
  };
}

/** The graph of a template, compiled once however often it is used. A definition without circles is taken for granted. */
function bodyOf(library: Library, ref: ResolvedRef): ScopePlan | undefined {
  const key = libraryKey(ref);
  const known = library.bodies.get(key);
  const body = library.definition.library?.[key];
  if (known || !body) return known;
  const planned = body.tasks.flatMap((task) => withSides(task, false));
  const compiled = planScope(library, { ...body, planned });
  library.bodies.set(key, compiled);
  return compiled;
}
