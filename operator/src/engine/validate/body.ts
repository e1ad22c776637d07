import type { Parameter, Task, TaskDefaults, TemplateBody } from '../../api/index.ts';
import { findCycle } from '../plan/graph.ts';
import type { Library } from '../plan/visible.ts';
import { parameterTypes } from '../values/parameter-types.ts';
import { artifactProblems } from './artifacts.ts';
import { defaultDurations } from './durations.ts';
import { defaultsProblems, plain } from './expressions.ts';
import { shellProblems } from './injection.ts';
import { type Elsewhere, graphProblems } from './needs.ts';
import { numberProblems } from './numbers.ts';
import { parameterProblems } from './parameters.ts';
import { surfaceProblems } from './pod.ts';
import { type Problem, repeated, reserved } from './problem.ts';
import { type Scopes, scopeOfAll, scopeOfDefaults, scopesOf } from './scopes.ts';
import { taskProblems } from './task.ts';

/** Parameters, defaults and outputs of a Workflow or template that stands at a path. */
export function frameProblems(body: Omit<TemplateBody, 'tasks'>, path: string): Problem[] {
  const { parameters = [], defaults = {} } = body;
  const at = (problem: Problem) => ({ ...problem, path: problem.path.replace(/^spec/, path) });
  return [
    ...parameterProblems(parameters).map(at),
    ...surfaceProblems(defaults, `${path}.defaults`),
    ...numberProblems(defaults, `${path}.defaults`),
    ...shellProblems(defaults.shell, `${path}.defaults`),
    ...defaultDurations(defaults, `${path}.defaults`),
    ...defaultsProblems(defaults, `${path}.defaults`, scopeOfDefaults(parameterTypes(parameters))),
  ];
}

/** The tasks of one graph, at a field such as `spec.tasks`. */
export interface Graph {
  readonly path: string;
  readonly tasks: readonly Task[];
  readonly parameters: readonly Parameter[];
  readonly defaults: TaskDefaults;
  readonly library: Library;
  readonly scopes: Scopes;
  readonly elsewhere?: Elsewhere;
  /** Tasks that have all ended when these begin. */
  readonly before?: readonly Task[];
  readonly isGenerated?: boolean;
}

export function tasksProblems(graph: Graph): Problem[] {
  const { path, tasks, parameters, defaults, library, scopes, elsewhere, before, isGenerated } = graph;
  const sound = findCycle(tasks) === undefined;
  return [
    ...graphProblems(tasks, path, elsewhere),
    ...artifactProblems(tasks, path, sound, before),
    // What generated tasks say, expressions have computed: nobody wrote it otherwise.
    ...tasks.flatMap((task, index) => (isGenerated ? [] : numberProblems(task, `${path}[${index}]`))),
    ...tasks.flatMap((task, index) => {
      const scope = sound ? scopes(task) : undefined;
      return taskProblems(task, { path: `${path}[${index}]`, scope, parameters, defaults, library, isGenerated });
    }),
  ];
}

/** What is wrong with a template whose references have their kinds written out. */
export function bodyProblems(body: TemplateBody, path: string, library: Library): Problem[] {
  const { parameters = [], defaults = {}, tasks } = body;
  const types = parameterTypes(parameters);
  const scopes = scopesOf(types, tasks, library);
  return [
    ...frameProblems(body, path),
    ...tasksProblems({ path: `${path}.tasks`, tasks, parameters, defaults, library, scopes }),
    ...undoneProblems(tasks, `${path}.tasks`, 'a task of a template', 'set it on the task that uses the template'),
    ...outputProblems(body, path, library),
  ];
}

/** Undo where it would never run. */
export function undoneProblems(tasks: readonly Task[], path: string, what: string, remedy: string): Problem[] {
  return tasks.flatMap(({ undo }, index) =>
    undo === undefined ? [] : [{ path: `${path}[${index}].undo`, message: `${what} cannot have undo; ${remedy}` }],
  );
}

function outputProblems({ parameters, tasks, outputs = [] }: TemplateBody, path: string, library: Library): Problem[] {
  const names = outputs.map(({ name }) => name);
  const namePath = (index: number) => `${path}.outputs[${index}].name`;
  const scope = scopeOfAll(parameterTypes(parameters), tasks, library);
  return [
    ...repeated(names, namePath, 'output'),
    ...reserved(names, namePath, 'an output'),
    ...outputs.flatMap(({ value }, index) => plain(`${path}.outputs[${index}].value`, value, scope, 'Any')),
  ];
}
