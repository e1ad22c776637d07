/** One step of a path: a task, an item of its fan-out, or an iteration of its loop. */
export type Segment =
  | { readonly name: string; readonly index?: number; readonly iteration?: undefined }
  | { readonly name?: undefined; readonly iteration: number };

/**
 * Where a unit stands: `test`, its item `test[3]`, its iteration `poll/3`, a task of a template `ship/migrate`, to any
 * depth. Names of tasks begin with a letter, so digits alone are an iteration.
 */
export function parseSegments(path: string): Segment[] {
  return path.includes('/') ? path.split('/').map(parseSegment) : [parseSegment(path)];
}

function parseSegment(text: string): Segment {
  const first = text.charCodeAt(0);
  if (first >= 48 && first <= 57) return { iteration: Number(text) };
  const bracket = text.indexOf('[');
  if (bracket < 0) return { name: text };
  return { name: text.slice(0, bracket), index: Number(text.slice(bracket + 1, -1)) };
}

/** The path of a task in a scope, or of an item of its fan-out. The scope of the run has the empty path. */
export function formatPath(scope: string, task: string, index?: number): string {
  const own = index === undefined ? task : `${task}[${index}]`;
  return scope === '' ? own : `${scope}/${own}`;
}

/** The key of one attempt among what the executors observed. */
export function attemptKey(path: string, attempt: number): string {
  return `${path}#${attempt}`;
}

export function parseAttemptKey(key: string): { path: string; attempt: number } {
  const hash = key.lastIndexOf('#');
  return { path: key.slice(0, hash), attempt: Number(key.slice(hash + 1)) };
}
