import type { Problem } from './problem.ts';

/** Problems that are reported at once. */
export const MAX_PROBLEMS = 50;

/** The problems as they are told: in the order of the fields, and not without end. */
export function report(problems: readonly Problem[]): Problem[] {
  const ordered = inFieldOrder(problems);
  if (ordered.length <= MAX_PROBLEMS) return ordered;
  const rest = ordered.length - MAX_PROBLEMS;
  return [...ordered.slice(0, MAX_PROBLEMS), { path: 'spec', message: `${rest} more problems are not shown` }];
}

const LISTS = ['tasks', 'finally', 'hooks', 'templates'];
/** More than a list has entries. */
const LENGTH = 1_000;

/** What is about no task comes first, then the tasks in their order; within a task, as found. */
function inFieldOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => placeOf(a) - placeOf(b));
}

function placeOf({ path }: Problem): number {
  const [, list = '', index] = /^spec\.(\w+)\[(\d+)\]/.exec(path) ?? [];
  return LISTS.includes(list) ? LISTS.indexOf(list) * LENGTH + Number(index) : -1;
}
