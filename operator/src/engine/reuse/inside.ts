import type { Definition, Hook, Task, TaskDefaults, Undo } from '../../api/index.ts';
import { libraryKey, type ResolvedRef } from '../plan/library.ts';
import { decidingFields, parametersIn, runFields } from './reads.ts';
import type { TaskInGraph } from './task-in-graph.ts';

/** What is known of all that a task does, or of what is in a template, from the pinned definition alone. */
export interface Inside {
  /** The templates that it leads to, by libraryKey. */
  readonly bodies: ReadonlySet<string>;
  /** Names of the Workflows that any of it starts runs of. */
  readonly workflows: ReadonlySet<string>;
  /** Whether any of it generates tasks: then nothing is known of those before it runs. */
  readonly generates: boolean;
  /** Whether people or systems are asked in it. */
  readonly asks: boolean;
  /** Whether any of it mounts a workspace. */
  readonly mounts: boolean;
  /** Fields of `run` that no other run has, wherever they are read. */
  readonly run: ReadonlySet<string>;
  /** Those of them by which it is decided whether, or how often, something is done. */
  readonly decides: ReadonlySet<string>;
}

/** The same of a task. */
export interface InsideTask extends Inside {
  /** Parameters around the task that it reads, by name; ANY_NAME where it may be any of them. */
  readonly parameters: ReadonlySet<string>;
}

/** What was found out of templates, so that each is looked through once. */
export type KnownBodies = Map<string, Inside>;

/** A task with its hooks, its undo, and the tasks of the templates that any of these lead to. */
export function insideOf(
  definition: Definition,
  task: Task,
  defaults: TaskDefaults | undefined,
  known: KnownBodies = new Map(),
): InsideTask {
  const own = withSides(task).map((each) => ({ task: each, defaults }));
  const inside = insideAll(definition, own, [], known);
  return { ...inside, parameters: parametersIn(own, inside.generates) };
}

/** What stands in one graph together; `outputs` are texts of the template itself. */
function insideAll(
  definition: Definition,
  standing: readonly TaskInGraph[],
  outputs: readonly string[],
  known: KnownBodies,
): Inside {
  const keys = new Set(standing.flatMap(({ task: { template } }) => (template ? [keyOf(template)] : [])));
  const below = [...keys].map((key) => insideBody(definition, key, known));
  const tasks = standing.map(({ task }) => task);
  const joined = <T>(own: Iterable<T>, of: (inside: Inside) => Iterable<T>): Set<T> =>
    new Set([...own, ...below.flatMap((inside) => [...of(inside)])]);
  const started = tasks.flatMap(({ workflow }) => (workflow ? [workflow.name] : []));
  return {
    bodies: joined(keys, ({ bodies }) => bodies),
    workflows: joined(started, ({ workflows }) => workflows),
    generates: tasks.some(({ generate }) => generate !== undefined) || below.some(({ generates }) => generates),
    asks: tasks.some(({ approval, waitForSignal }) => approval ?? waitForSignal) || below.some(({ asks }) => asks),
    mounts: tasks.some(({ workspaces }) => workspaces !== undefined) || below.some(({ mounts }) => mounts),
    run: joined(runFields(standing, outputs), ({ run }) => run),
    decides: joined(decidingFields(tasks), ({ decides }) => decides),
  };
}

const keyOf = (template: NonNullable<Task['template']>): string => libraryKey(template as ResolvedRef);

const NOTHING: Inside = {
  ...{ bodies: new Set(), workflows: new Set(), run: new Set(), decides: new Set() },
  ...{ generates: false, asks: false, mounts: false },
};

function insideBody(definition: Definition, key: string, known: KnownBodies): Inside {
  const found = known.get(key);
  if (found) return found;
  // No template leads to itself; if one did, it would end here.
  known.set(key, NOTHING);
  const { tasks = [], defaults, outputs = [] } = definition.library?.[key] ?? {};
  const standing = tasks.flatMap(withSides).map((task) => ({ task, defaults }));
  const texts = outputs.map(({ value }) => value);
  const inside = insideAll(definition, standing, texts, known);
  known.set(key, inside);
  return inside;
}

/** A task, and as tasks what stands beside it. */
function withSides(task: Task): Task[] {
  const { hooks = [], undo, name } = task;
  const sides: (Hook | Undo)[] = undo ? [...hooks, undo] : hooks;
  return [task, ...sides.map((side): Task => ({ ...side, name }))];
}
