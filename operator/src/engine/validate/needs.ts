import type { Task } from '../../api/index.ts';
import { suggestion } from '../expression/index.ts';
import { findCycle } from '../graph.ts';
import { type Problem, repeated } from './problem.ts';

/** The graph: task names, needs that exist, and no cycle. */
export function graphProblems(tasks: readonly Task[]): Problem[] {
  const names = tasks.map(({ name }) => name);
  const known = new Set(names);
  const needs = tasks.flatMap((task, index) => needProblems(task, `spec.tasks[${index}].needs`, known));
  return [...repeated(names, (index) => `spec.tasks[${index}].name`, 'task'), ...needs, ...cycleProblems(tasks)];
}

function needProblems({ name, needs = [] }: Task, path: string, known: ReadonlySet<string>): Problem[] {
  return needs.flatMap((need, index) => {
    if (need === name) return [{ path: `${path}[${index}]`, message: `task "${name}" needs itself; remove it` }];
    if (known.has(need)) return [];
    const others = [...known].filter((other) => other !== name);
    return [{ path: `${path}[${index}]`, message: `unknown task "${need}"${suggestion(need, others, 'other task')}` }];
  });
}

function cycleProblems(tasks: readonly Task[]): Problem[] {
  // A task that needs itself is reported as that.
  const cycle = findCycle(
    tasks.map(({ name, needs = [] }) => ({ name, needs: needs.filter((need) => need !== name) })),
  );
  if (cycle === undefined) return [];
  const index = tasks.findIndex(({ name }) => name === cycle[0]);
  const message = `the tasks need each other in a circle: ${cycle.join(' → ')}; remove one of these needs`;
  return [{ path: `spec.tasks[${index}].needs`, message }];
}
