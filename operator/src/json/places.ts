/** A key of an object, or an index of a list. */
export type Key = string | number;

/** A value inside of a parsed value. */
export interface Place {
  readonly value: unknown;
  /** The keys that lead to it, made when they are asked for. */
  readonly path: () => Key[];
}

interface Step {
  readonly value: unknown;
  readonly key?: Key;
  readonly parent?: Step;
}

/** Everything in a parsed value, itself included, in the order of the text. Any depth: whoever wrote the value chose it. */
export function* places(whole: unknown): Generator<Place> {
  const steps: Step[] = [{ value: whole }];
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const last = step;
    yield { value: last.value, path: () => pathOf(last) };
    for (const inner of inside(last).reverse()) steps.push(inner);
  }
}

function inside(parent: Step): Step[] {
  const { value } = parent;
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.map((inner, key) => ({ value: inner, key, parent }));
  return Object.entries(value).map(([key, inner]) => ({ value: inner, key, parent }));
}

function pathOf(last: Step): Key[] {
  const keys: Key[] = [];
  for (let step: Step | undefined = last; step?.key !== undefined; step = step.parent) keys.push(step.key);
  return keys.reverse();
}
