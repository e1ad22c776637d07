/** Where a unit of work stands in the definition: a task, or one item of its fan-out. */
export interface UnitPath {
  readonly task: string;
  readonly index?: number;
}

export function formatPath(task: string, index?: number): string {
  return index === undefined ? task : `${task}[${index}]`;
}

export function parsePath(path: string): UnitPath {
  const bracket = path.indexOf('[');
  if (bracket < 0) return { task: path };
  return { task: path.slice(0, bracket), index: Number(path.slice(bracket + 1, -1)) };
}

/** The key of one attempt among what the executors observed. */
export function attemptKey(path: string, attempt: number): string {
  return `${path}#${attempt}`;
}

export function parseAttemptKey(key: string): { path: string; attempt: number } {
  const hash = key.lastIndexOf('#');
  return { path: key.slice(0, hash), attempt: Number(key.slice(hash + 1)) };
}
