import type { Task } from '../../api/index.ts';
import { suggestion } from '../expression/index.ts';
import { findCycle } from '../plan/graph.ts';
import { type Problem, repeated } from './problem.ts';

/** Tasks of the same run that stand in another field, where none of them can be needed. */
export interface Elsewhere {
  readonly names: ReadonlySet<string>;
  /** Why none of them can be needed. */
  readonly refusal: (need: string) => string;
}

/** The graph of the tasks at a field, such as `spec.tasks`: names, needs that exist, and no cycle. */
export function graphProblems(tasks: readonly Task[], path: string, elsewhere?: Elsewhere): Problem[] {
  const names = tasks.map(({ name }) => name);
  const known = new Set(names);
  const needs = tasks.flatMap((task, index) => needProblems(task, `${path}[${index}].needs`, known, elsewhere));
  return [...repeated(names, (index) => `${path}[${index}].name`, 'task'), ...needs, ...cycleProblems(tasks, path)];
}

function needProblems(
  { name, needs = [] }: Task,
  path: string,
  known: ReadonlySet<string>,
  elsewhere: Elsewhere | undefined,
): Problem[] {
  return needs.flatMap((need, index): Problem[] => {
    const at = `${path}[${index}]`;
    if (need === name) return [{ path: at, message: `task "${name}" needs itself; remove it` }];
    if (known.has(need)) return [];
    if (elsewhere?.names.has(need) === true) return [{ path: at, message: elsewhere.refusal(need) }];
    const others = () => [...known].filter((other) => other !== name);
    return [{ path: at, message: () => `unknown task "${need}"${suggestion(need, others(), 'other task')}` }];
  });
}

function cycleProblems(tasks: readonly Task[], path: string): Problem[] {
  // A task that needs itself is reported as that.
  const cycle = findCycle(
    tasks.map(({ name, needs = [] }) => ({ name, needs: needs.filter((need) => need !== name) })),
  );
  if (cycle === undefined) return [];
  const index = tasks.findIndex(({ name }) => name === cycle[0]);
  const message = `the tasks form a dependency cycle: ${cycle.join(' → ')}; remove one of these needs`;
  return [{ path: `${path}[${index}].needs`, message }];
}
