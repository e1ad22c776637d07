/** A field by its name: `env.SUITE`, or `env["spring.profiles"]` where a dot would mislead. */
export function fieldPath(parent: string, key: string): string {
  if (!/^\w+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

/** Characters of a name that a path shows: whoever writes an object may choose the names of a map. */
const MAX_NAME = 64;

/** A field by the way to it: `spec.tasks[2].env.SUITE`. */
export function pathOf(steps: readonly PropertyKey[], root = ''): string {
  return steps.reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : fieldPath(path, String(step).slice(0, MAX_NAME))),
    root,
  );
}
