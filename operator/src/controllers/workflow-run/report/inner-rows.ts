import { epochOf, type HistoryEvent, MAX_TASK_ROWS, type TaskRow, timeOf } from '../../../api/index.ts';
import { isEnded, lasted, outputsOf, type Sights } from './sights.ts';

/**
 * Rows of what has ended inside of templates and loops, and is in the state no more.
 * @param before the rows that were stored last, by path
 * @param own the paths that the state has rows for
 */
export function endedInside(
  before: ReadonlyMap<string, TaskRow>,
  own: { has(path: string): boolean },
  sights: Sights,
): TaskRow[] {
  const inside = new Map([...before].filter(([path]) => path.includes('/')));
  for (const event of sights.events ?? []) {
    if (!('path' in event) || event.path === undefined) continue;
    if (beginsAnew(event)) forget(inside, event.path);
    if (event.path.includes('/')) follow(inside, event.path, event, sights);
  }
  const found = [...inside.values()].filter((row) => isEnded(row) && !own.has(row.path));
  const paths = new Set(found.map(({ path }) => path));
  const isShown = (path: string) => own.has(path) || paths.has(path);
  return found.filter(({ path }) => isAround(isShown, path)).slice(-MAX_TASK_ROWS);
}

const beginsAnew = (event: HistoryEvent): boolean =>
  event.type === 'Opened' || (event.type === 'Iterated' && event.index === 0);

/** What was inside of something before it began once more is another story. */
function forget(inside: Map<string, TaskRow>, around: string): void {
  for (const path of inside.keys()) if (isIn(path, around)) inside.delete(path);
}

/** Whether there is a row for everything that is around a path: items of a large fan-out that succeeded have none. */
function isAround(isShown: (path: string) => boolean, path: string): boolean {
  const parent = parentOf(path);
  return parent === '' || (isShown(parent) && isAround(isShown, parent));
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const isIn = (path: string, around: string): boolean => path.startsWith(`${around}/`);

/** Takes in what happened to something that is inside of something else. */
function follow(inside: Map<string, TaskRow>, path: string, event: HistoryEvent, sights: Sights): void {
  const at = sights.state.at + event.t;
  const before: Partial<TaskRow> = inside.get(path) ?? {};
  if (event.type === 'Started') {
    const { startedAt = timeOf(at), item, lastFailure } = before;
    const kept = { ...(item ? { item } : {}), ...(lastFailure ? { lastFailure } : {}) };
    return void inside.set(path, { path, ...kept, phase: 'Running', attempt: event.attempt, startedAt });
  }
  const { type } = event;
  if (type !== 'Succeeded' && type !== 'Failed' && type !== 'Skipped' && type !== 'Cancelled') return;
  const { since: _since, until: _until, reason: _reason, message: _message, exitCode: _code, ...known } = before;
  const ended = { phase: type, finishedAt: timeOf(at), ...lasted(epochOf(known.startedAt), at) };
  const row: TaskRow = { ...known, path, ...ended, ...said(event) };
  const outputs = type === 'Succeeded' ? outputsOf(row, sights) : undefined;
  inside.set(path, outputs === undefined ? row : { ...row, outputs });
}

/** How long the message of a row is at most. */
const MAX_MESSAGE = 512;

/** Why something ended, as its event says. */
function said(event: HistoryEvent): Pick<TaskRow, 'reason' | 'message' | 'exitCode'> {
  if (event.type === 'Failed') return { ...event.failure, message: event.failure.message.slice(0, MAX_MESSAGE) };
  return event.type === 'Skipped' || event.type === 'Cancelled' ? { reason: event.reason } : {};
}

/** Puts a row behind what is already there of the same thing, an iteration before those that came later. */
export function insert(rows: TaskRow[], row: TaskRow): void {
  const around = parentOf(row.path);
  const stepOf = (path: string) => Number.parseInt(path.slice(around.length + 1), 10);
  const later = rows.findIndex(({ path }) => isIn(path, around) && stepOf(path) > stepOf(row.path));
  if (later >= 0) return void rows.splice(later, 0, row);
  const last = rows.findLastIndex(({ path }) => path === around || isIn(path, around));
  if (last >= 0) rows.splice(last + 1, 0, row);
}
