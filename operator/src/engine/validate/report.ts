import { MAX_WORK, textOfWords, withinWork } from '../expression/index.ts';
import type { Problem } from './problem.ts';

/** A problem in words. */
export interface Told {
  /** The field, such as `spec.tasks[2].env.SUITE`. */
  readonly path: string;
  /** What is wrong with it and what to do; for expressions, two further lines show the place. */
  readonly message: string;
}

/** Problems that are reported at once. */
export const MAX_PROBLEMS = 50;

/**
 * The problems as they are told: in the order of the fields, and not without end. Words are found only for those that
 * are told, for most of the work is in what was probably meant. What takes too much work is one problem.
 */
export function report(problems: () => readonly Problem[], work = MAX_WORK): Told[] {
  return withinWork(
    () => tell(inFieldOrder(problems())),
    () => [TOO_COMPLEX],
    work,
  );
}

/** Whether there was more to judge than there was work for: whether anything else is wrong is not known. */
export function isTooComplex([first]: readonly Told[]): boolean {
  return first?.message === TOO_COMPLEX.message;
}

/** The first problem alone. */
export function firstTold(problems: () => readonly Problem[]): Told | undefined {
  return withinWork(
    () => tell(problems().slice(0, 1))[0],
    () => TOO_COMPLEX,
  );
}

const TOO_COMPLEX: Told = {
  path: 'spec',
  message:
    'TooComplex: the expressions, patterns and values are too complex to check; use fewer or shorter ones, or move parts of the definition into separate templates or child workflows',
};

function tell(ordered: readonly Problem[]): Told[] {
  const told = ordered.slice(0, MAX_PROBLEMS).map(({ path, message }) => ({ path, message: textOfWords(message) }));
  const rest = ordered.length - told.length;
  return rest === 0 ? told : [...told, { path: 'spec', message: `${rest} more problems are not shown` }];
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
