import { parseDuration, type Retry, type Task, type TaskDefaults, type WorkflowSpec } from '../../api/index.ts';
import type { Problem } from './problem.ts';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
/** Shortest and longest, in milliseconds. */
type Bounds = readonly [min: number, max: number];

const TIMEOUT: Bounds = [SECOND, 365 * DAY];
const WAIT: Bounds = [0, 365 * DAY];
const BACKOFF: Bounds = [1, DAY];
const REQUEST: Bounds = [SECOND, DAY];
const PUSH: Bounds = [10 * SECOND, 3_600 * SECOND];
const AGE: Bounds = [0, 10 * 365 * DAY];

/** Durations of a workflow besides those of its tasks: that they can be read, and that they make sense. */
export function durationProblems({ timeout, retention }: Pick<WorkflowSpec, 'timeout' | 'retention'>): Problem[] {
  const { succeeded, failed } = retention ?? {};
  return [
    ...problem('spec.timeout', timeout, TIMEOUT),
    ...problem('spec.retention.succeeded.age', succeeded?.age, AGE),
    ...problem('spec.retention.failed.age', failed?.age, AGE),
    ...problem('spec.retention.artifacts.for', retention?.artifacts?.for, AGE),
  ];
}

/** Durations of `defaults`, and of a task. */
export function defaultDurations(
  task: Pick<TaskDefaults, 'timeout' | 'attemptTimeout' | 'pendingTimeout' | 'retry'>,
  path: string,
): Problem[] {
  return [
    ...problem(`${path}.timeout`, task.timeout, TIMEOUT),
    ...problem(`${path}.attemptTimeout`, task.attemptTimeout, TIMEOUT),
    ...problem(`${path}.pendingTimeout`, task.pendingTimeout, TIMEOUT),
    ...backoffProblems(task.retry?.backoff ?? {}, `${path}.retry.backoff`),
  ];
}

export function taskDurations(task: Task, path: string): Problem[] {
  const sleep = task.sleep?.duration;
  return [
    ...defaultDurations(task, path),
    ...problem(`${path}.loop.delay`, task.loop?.delay, WAIT),
    ...problem(`${path}.sleep.duration`, sleep?.includes('${{') ? undefined : sleep, WAIT),
    ...problem(`${path}.http.requestTimeout`, task.http?.requestTimeout, REQUEST),
    ...problem(`${path}.cache.maxAge`, task.cache?.maxAge, TIMEOUT),
    ...problem(`${path}.artifacts.pushTimeout`, task.artifacts?.pushTimeout, PUSH),
  ];
}

function backoffProblems({ duration, cap }: NonNullable<Retry['backoff']>, path: string): Problem[] {
  const own = [...problem(`${path}.duration`, duration, BACKOFF), ...problem(`${path}.cap`, cap, BACKOFF)];
  if (own.length > 0 || duration === undefined || cap === undefined) return own;
  if (parseDuration(cap) >= parseDuration(duration)) return [];
  return [{ path: `${path}.cap`, message: `the cap ${cap} is shorter than the first delay ${duration}; raise it` }];
}

function problem(path: string, text: string | undefined, [min, max]: Bounds): Problem[] {
  if (text === undefined) return [];
  const milliseconds = read(text);
  if (milliseconds === undefined) {
    return [{ path, message: `"${text.slice(0, 40)}" is not a valid duration; write it like 10s, 5m or 1h30m` }];
  }
  if (milliseconds < min) return [{ path, message: `${text} is too short; the shortest is ${shown(min)}` }];
  if (milliseconds > max) return [{ path, message: `${text} is too long; the longest is ${shown(max)}` }];
  return [];
}

function read(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function shown(milliseconds: number): string {
  if (milliseconds < SECOND) return `${milliseconds}ms`;
  return milliseconds < DAY ? `${milliseconds / SECOND}s` : `${milliseconds / (DAY / 24)}h`;
}
