import { fieldPath } from './problem.ts';

/** A text, and the field where it stands. */
export type Text = readonly [path: string, text: string];

const MAX_DEPTH = 64;

/** Every text in a value of JSON, but for what is under a field that `isLeftOut` names. */
export function textsIn(
  value: unknown,
  path: string,
  isLeftOut: (key: string, value: unknown) => boolean = () => false,
  depth = 0,
): Text[] {
  if (typeof value === 'string') return [[path, value]];
  if (value === null || typeof value !== 'object' || depth === MAX_DEPTH) return [];
  const inner = (each: unknown, at: string) => textsIn(each, at, isLeftOut, depth + 1);
  if (Array.isArray(value)) return value.flatMap((each, index) => inner(each, `${path}[${index}]`));
  return Object.entries(value).flatMap(([key, each]) =>
    isLeftOut(key, each) ? [] : inner(each, fieldPath(path, key)),
  );
}
