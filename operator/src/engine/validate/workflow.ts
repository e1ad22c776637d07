import type { Task, WorkflowSpec } from '../../api/index.ts';
import { findCycle } from '../graph.ts';
import { durationProblems } from './durations.ts';
import { expressionProblems } from './expressions.ts';
import { injectionProblems } from './injection.ts';
import { graphProblems } from './needs.ts';
import { parameterProblems } from './parameters.ts';
import { podProblems, surfaceProblems } from './pod.ts';
import { type Problem, repeated, reserved } from './problem.ts';

/** Problems that are reported at once. */
export const MAX_PROBLEMS = 50;

/** What keeps a Workflow from running, in the order of its fields; empty if nothing does. */
export function validateWorkflow(spec: WorkflowSpec): Problem[] {
  const sound = findCycle(spec.tasks) === undefined;
  const problems = [
    ...parameterProblems(spec.parameters ?? []),
    ...surfaceProblems(spec.defaults ?? {}, 'spec.defaults'),
    ...graphProblems(spec.tasks),
    ...spec.tasks.flatMap((task, index) => taskProblems(task, `spec.tasks[${index}]`, spec)),
    ...durationProblems(spec),
    ...(sound ? expressionProblems(spec) : []),
  ];
  return bounded(inFieldOrder(problems));
}

function taskProblems(task: Task, path: string, { defaults = {} }: WorkflowSpec): Problem[] {
  const outputs = (task.outputs ?? []).map(({ name }) => name);
  const outputPath = (index: number) => `${path}.outputs[${index}].name`;
  return [
    ...actionProblems(task, path),
    ...forEachProblems(task, path),
    ...repeated(outputs, outputPath, 'output'),
    ...reserved(outputs, outputPath, 'an output'),
    ...injectionProblems(task, path),
    ...podProblems(task, path, defaults),
  ];
}

function actionProblems({ run, container }: Task, path: string): Problem[] {
  if ((run === undefined) !== (container === undefined)) return [];
  return [{ path, message: 'a task does exactly one thing; give it either run or container' }];
}

function forEachProblems({ forEach }: Task, path: string): Problem[] {
  if (forEach === undefined || (forEach.items === undefined) !== (forEach.itemsFrom === undefined)) return [];
  return [{ path: `${path}.forEach`, message: 'forEach takes either items or itemsFrom, and exactly one of them' }];
}

/** What is not about one task comes first, then the tasks in their order; within a task, as found. */
function inFieldOrder(problems: readonly Problem[]): Problem[] {
  const place = ({ path }: Problem) => Number(/^spec\.tasks\[(\d+)\]/.exec(path)?.[1] ?? -1);
  return [...problems].sort((a, b) => place(a) - place(b));
}

function bounded(problems: readonly Problem[]): Problem[] {
  if (problems.length <= MAX_PROBLEMS) return [...problems];
  const rest = problems.length - MAX_PROBLEMS;
  return [...problems.slice(0, MAX_PROBLEMS), { path: 'spec', message: `${rest} more problems are not shown` }];
}
