import {
  type Json,
  misfitsOf,
  type Parameter,
  pathOf,
  type Task,
  type TaskDefaults,
  type TemplateKind,
  task as taskSchema,
  unknownField,
} from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import type { Scope } from '../expression/index.ts';
import { libraryKey, type ResolvedRef, walkLibrary } from '../plan/library.ts';
import type { Library } from '../plan/visible.ts';
import { canonicalJson } from '../values/digest.ts';
import { tasksProblems, undoneProblems } from './body.ts';
import type { Problem } from './problem.ts';
import { firstTold } from './report.ts';
import { scopesOf } from './scopes.ts';
import { sizeProblems } from './size.ts';
import { literalProblems } from './texts.ts';
import { unknownMessage } from './unknown-field.ts';

/** How many tasks one `generate` may yield, and how many bytes of JSON they may be. */
export const MAX_GENERATED_TASKS = 100;
export const MAX_GENERATED_BYTES = 16 * 1024;

/** What generated tasks find around them. */
export interface GenerationContext {
  /** The types of the parameters that they see: those of the scope of their `generate`. */
  readonly parameters: Scope['parameters'];
  /** The parameters themselves: those of the type Secret can be handed on. */
  readonly declared?: readonly Parameter[] | undefined;
  readonly defaults?: TaskDefaults | undefined;
  /** The library of the pinned definition: no other template can be used. */
  readonly library?: Library | undefined;
  /** Where their `generate` stands, as for resolveLibrary; default Local, a Workflow. */
  readonly home?: TemplateKind;
}

/** The tasks that a `generate` has yielded, with the kinds of their templates written out, or the first thing wrong. */
export function validateGenerated(
  tasks: Json,
  context: GenerationContext,
): { readonly tasks: Task[] } | { readonly problem: string } {
  const read = readTasks(tasks);
  if ('problem' in read) return read;
  const resolved = resolveKinds(read.tasks, context);
  if ('problem' in resolved) return resolved;
  const first = firstTold(() => problemsOf(resolved.tasks, context));
  return first === undefined ? resolved : { problem: `${first.path}: ${first.message}` };
}

function readTasks(tasks: Json): { tasks: Task[] } | { problem: string } {
  if (!Array.isArray(tasks)) return { problem: 'generate.tasks is not a list; it must yield a list of tasks' };
  if (tasks.length > MAX_GENERATED_TASKS) {
    return { problem: `${tasks.length} tasks are too many; generate at most ${MAX_GENERATED_TASKS}` };
  }
  const bytes = utf8Length(canonicalJson(tasks));
  if (bytes > MAX_GENERATED_BYTES) {
    const remedy = 'move shared parts into a template';
    return { problem: `the tasks are ${bytes} bytes; at most ${MAX_GENERATED_BYTES} are allowed; ${remedy}` };
  }
  const read: Task[] = [];
  for (const [index, each] of tasks.entries()) {
    const path = `tasks[${index}]`;
    const unknown = unknownField(taskSchema, each);
    if (unknown !== undefined) return { problem: `${pathOf(unknown.steps, path)}: ${unknownMessage(unknown)}` };
    const parsed = taskSchema.safeParse(each);
    const [misfit] = misfitsOf(taskSchema, each, parsed.error?.issues.slice(0, 1) ?? [], path);
    if (!parsed.success) return { problem: `${misfit?.path}: ${misfit?.message}` };
    read.push(parsed.data);
  }
  return { tasks: read };
}

/** Only what the definition has pinned can be used: that was judged, and so was what it uses itself. */
function resolveKinds(tasks: Task[], { library = {}, home = 'Local' }: GenerationContext) {
  const locals = Object.keys(library)
    .filter((key) => key.startsWith('Local/'))
    .map((key) => ({ name: key.slice('Local/'.length, key.lastIndexOf('@')), ...(library[key] ?? { tasks: [] }) }));
  const { definition, problems } = walkLibrary(
    { tasks, templates: locals },
    (kind, name, version) => {
      const key = libraryKey({ kind, name, ...(version === undefined ? {} : { version }) });
      const remedy = 'use a template, in the same version, that a task of the workflow uses too';
      return library[key] ?? { problem: `${kind} "${name}" is not pinned with the definition; ${remedy}` };
    },
    home,
  );
  const [first] = problems;
  if (first === undefined) return { tasks: definition.tasks };
  return { problem: `${first.path.replace(/^spec\./, '')}: ${first.message}` };
}

function problemsOf(
  tasks: Task[],
  { parameters, declared = [], defaults = {}, library = {} }: GenerationContext,
): Problem[] {
  const path = 'tasks';
  return [
    ...literalProblems({ tasks }, ''),
    ...tasks.flatMap((task, index) => recursion(task, `${path}[${index}]`, library)),
    ...tasksProblems({
      ...{ path, tasks, parameters: declared, defaults, library, isGenerated: true },
      scopes: scopesOf(parameters, tasks, library),
    }),
    ...undoneProblems(tasks, path, 'a generated task', 'set undo on the task that generates'),
    ...sizeProblems(tasks, path, library),
  ];
}

/** Generated tasks that generate tasks could go on for ever. */
function recursion(task: Task, path: string, library: Library): Problem[] {
  if (task.generate !== undefined) {
    return [
      { path: `${path}.generate`, message: 'generated tasks cannot generate tasks; generate all of them at once' },
    ];
  }
  const sides = [task, ...(task.hooks ?? [])];
  return sides.flatMap(({ template }) => {
    if (template === undefined || !generates(template as ResolvedRef, library, new Set())) return [];
    const message = `the template "${template.name}" generates tasks, which generated tasks cannot do; use another`;
    return [{ path: `${path}.template`, message }];
  });
}

function generates(ref: ResolvedRef, library: Library, seen: Set<string>): boolean {
  const key = libraryKey(ref);
  if (seen.has(key)) return false;
  seen.add(key);
  return (library[key]?.tasks ?? []).some((task) => {
    const sides = [task, ...(task.hooks ?? [])];
    return (
      task.generate !== undefined ||
      sides.some(({ template }) => template && generates(template as ResolvedRef, library, seen))
    );
  });
}
