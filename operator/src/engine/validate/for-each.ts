import { type ForEach, MAX_ITEMS } from '../../api/index.ts';
import { countOf } from '../values/items.ts';
import { fieldPath, type Problem, reserved } from './problem.ts';

const SOURCES = ['items', 'itemsFrom', 'sequence', 'matrix'] as const;

/** Where the items of a fan-out come from, and how many there are, as far as that is known before it starts. */
export function forEachProblems(forEach: ForEach | undefined, path: string): Problem[] {
  if (forEach === undefined) return [];
  if (SOURCES.filter((source) => forEach[source] !== undefined).length !== 1) {
    return [{ path, message: 'forEach takes exactly one of items, itemsFrom, sequence and matrix' }];
  }
  return [
    ...sequenceProblems(forEach.sequence, `${path}.sequence`),
    ...matrixProblems(forEach.matrix, `${path}.matrix`),
  ];
}

function sequenceProblems(sequence: ForEach['sequence'], path: string): Problem[] {
  if (sequence === undefined) return [];
  const { from = 0, to, step = 1 } = sequence;
  if (step === 0) return [{ path: `${path}.step`, message: 'a step of 0 never ends; set another' }];
  const count = Math.floor((to - from) / step) + 1;
  if (count < 1) {
    const message = `a step of ${step} never reaches ${to} from ${from}; flip its sign`;
    return [{ path: `${path}.step`, message }];
  }
  return count > MAX_ITEMS ? [tooMany(path, count)] : [];
}

function matrixProblems(matrix: ForEach['matrix'], path: string): Problem[] {
  if (matrix === undefined) return [];
  const { axes, exclude = [] } = matrix;
  const names = Object.keys(axes);
  if (names.length === 0) return [{ path: `${path}.axes`, message: 'a matrix needs at least one axis; add one' }];
  // Before exclusions: all of them are made.
  const count = countOf({ matrix }) ?? 0;
  const strangers = exclude.flatMap((combination, index) =>
    Object.keys(combination)
      .filter((name) => !Object.hasOwn(axes, name))
      .map((name) => ({
        path: fieldPath(`${path}.exclude[${index}]`, name),
        message: () => `"${name}" is not an axis, so this excludes nothing; axes: ${names.join(', ')}`,
      })),
  );
  const axisPath = (index: number) => fieldPath(`${path}.axes`, names[index] ?? '');
  return [...reserved(names, axisPath, 'an axis'), ...strangers, ...(count > MAX_ITEMS ? [tooMany(path, count)] : [])];
}

function tooMany(path: string, count: number): Problem {
  return { path, message: `${count} items are too many; a fan-out has at most ${MAX_ITEMS}` };
}
