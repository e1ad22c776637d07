import type { Definition, WorkflowSpec } from '../../api/index.ts';
import { type FindTemplate, libraryKey, walkLibrary } from '../plan/library.ts';
import type { Library } from '../plan/visible.ts';
import { parameterTypes } from '../values/parameter-types.ts';
import { mountProblems, workspaceProblems } from './artifacts.ts';
import { bodyProblems, frameProblems, tasksProblems, undoneProblems } from './body.ts';
import { concurrencyProblems } from './concurrency.ts';
import { continueProblems } from './continue-as-new.ts';
import { durationProblems } from './durations.ts';
import { unusableProblems } from './parameters.ts';
import { type Problem, repeated } from './problem.ts';
import { report, type Told } from './report.ts';
import { scheduleProblems } from './schedules.ts';
import { scopeOfAll, scopeOfDefaults, scopesOf } from './scopes.ts';
import { sizeProblems } from './size.ts';
import { runHookProblems } from './task.ts';
import { literalProblems } from './texts.ts';
import { triggerProblems } from './triggers.ts';

/**
 * What keeps a Workflow from running, in the order of its fields; empty if nothing does. Without `find`, templates that
 * are objects of their own are taken to exist. What needs more than `work` is TooComplex.
 */
export function validateWorkflow(spec: WorkflowSpec, find?: FindTemplate, work?: number): Told[] {
  return report(() => problemsOf(spec, find), work);
}

function problemsOf(spec: WorkflowSpec, find: FindTemplate | undefined): Problem[] {
  const { definition, problems } = walkLibrary(spec, find ?? (() => ({ problem: '' })));
  const library = definition.library ?? {};
  const unresolved = problems.filter(({ reason }) => find !== undefined || reason !== 'TemplateNotFound');
  return [
    ...literalProblems(spec, 'spec'),
    ...frameProblems(spec, 'spec'),
    ...unusableProblems(spec.parameters),
    ...durationProblems(spec),
    ...outerProblems(spec),
    ...workspaceProblems(spec.workspaces),
    ...mountProblems(spec.tasks, 'spec.tasks', spec.workspaces),
    ...mountProblems(spec.finally ?? [], 'spec.finally', spec.workspaces),
    ...libraryMounts(spec, library),
    ...unresolved.map(({ path, message }) => ({ path, message })),
    ...mainProblems(definition, library),
    ...finalProblems(definition, library),
    ...hookProblems(definition, library),
    ...continueProblems(definition, library),
    ...localProblems(spec, library),
    ...sizeProblems([...definition.tasks, ...(definition.finally ?? [])], 'spec.tasks', library),
  ];
}

/** As validateWorkflow, of what is no part of the definition that is pinned: it may change while that stays. */
export function validateOuter(spec: WorkflowSpec, work?: number): Told[] {
  const { triggers, concurrency, retention } = spec;
  const literal = () => literalProblems({ triggers, concurrency, retention }, 'spec');
  return report(() => [...literal(), ...durationProblems(spec), ...outerProblems(spec)], work);
}

const outerProblems = (spec: WorkflowSpec): Problem[] => [
  ...concurrencyProblems(spec),
  ...triggerProblems(spec),
  ...scheduleProblems(spec),
];

function mainProblems(definition: Definition, library: Library): Problem[] {
  const { parameters = [], defaults = {}, tasks } = definition;
  const names = new Set(definition.finally?.map(({ name }) => name));
  const refusal = (need: string) => `"${need}" is in finally, which runs after all tasks; remove it`;
  return tasksProblems({
    ...{ path: 'spec.tasks', tasks, parameters, defaults, library },
    scopes: scopesOf(parameterTypes(parameters), tasks, library),
    elsewhere: { names, refusal },
  });
}

function finalProblems(definition: Definition, library: Library): Problem[] {
  const { parameters = [], defaults = {}, tasks: main, finally: tasks = [] } = definition;
  const path = 'spec.finally';
  const names = new Set(main.map(({ name }) => name));
  const refusal = (need: string) => `a task in finally already waits for all tasks; remove "${need}" from its needs`;
  const scopes = scopesOf(parameterTypes(parameters), tasks, library, main);
  return [
    ...tasksProblems({
      ...{ path, tasks, parameters, defaults, library },
      scopes: (task) => ({ ...scopes(task), ended: true }),
      elsewhere: { names, refusal },
      before: main,
    }),
    ...takenNames(definition),
    ...undoneProblems(tasks, path, 'a task in finally', 'remove it'),
    ...tasks.flatMap(({ hooks }, index) =>
      hooks === undefined
        ? []
        : [
            {
              path: `${path}[${index}].hooks`,
              message: 'a task in finally cannot have hooks; use needs and runIf',
            },
          ],
    ),
  ];
}

function takenNames({ tasks, finally: last = [] }: Definition): Problem[] {
  return last.flatMap(({ name }, index) => {
    const before = tasks.findIndex((task) => task.name === name);
    if (before < 0) return [];
    const message = `task "${name}" is declared already at spec.tasks[${before}].name; rename one`;
    return [{ path: `spec.finally[${index}].name`, message }];
  });
}

function hookProblems({ parameters = [], defaults = {}, tasks, hooks = [] }: Definition, library: Library): Problem[] {
  const types = parameterTypes(parameters);
  const scope = { ...scopeOfAll(types, tasks, library), ended: true };
  return runHookProblems(hooks, { path: 'spec', scope, parameters, defaults, library }, scopeOfDefaults(types));
}

/** Templates mount workspaces of whatever workflow uses them. */
function libraryMounts({ templates = [], workspaces }: WorkflowSpec, library: Library): Problem[] {
  return Object.entries(library).flatMap(([key, { tasks }]) => {
    const index = templates.findIndex(({ name }) => libraryKey({ kind: 'Local', name }) === key);
    const place = index < 0 ? `${key.replace(/@$/, '')}: spec` : `spec.templates[${index}]`;
    return mountProblems(tasks, `${place}.tasks`, workspaces);
  });
}

/** Local templates; of those with one name, the first is in the library. */
function localProblems({ templates = [] }: WorkflowSpec, library: Library): Problem[] {
  const names = templates.map(({ name }) => name);
  return [
    ...repeated(names, (index) => `spec.templates[${index}].name`, 'template'),
    ...templates.flatMap(({ name }, index) => {
      const body = names.indexOf(name) === index ? library[libraryKey({ kind: 'Local', name })] : undefined;
      return body === undefined ? [] : bodyProblems(body, `spec.templates[${index}]`, library);
    }),
  ];
}
