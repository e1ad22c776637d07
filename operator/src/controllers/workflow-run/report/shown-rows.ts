import { epochOf, type TaskRow, timeOf, type WorkflowRun } from '../../../api/index.ts';
import { rowsToShow, type UnitRow } from '../../../engine/index.ts';
import { utf8Length } from '../../../json/index.ts';
import { podName } from '../../../pods/index.ts';
import { endedInside, insert } from './inner-rows.ts';
import { isEnded, lasted, outputsOf, type Sights } from './sights.ts';

/** With more than this the rows show less of each task: the status has a budget, and what is shown is not worth its end. */
const MAX_EXTRA_BYTES = 48 * 1024;

/**
 * The rows of a status: at most 50 of what is in the state, and what has ended inside of templates and loops while there is
 * room. The state drops that when what is around it ends, and outputs when nothing reads them; so both are taken from the
 * events of this write and from the rows of the one before. Nothing is ever decided on them.
 */
export function shownRows(run: WorkflowRun, rows: readonly UnitRow[], sights: Sights): TaskRow[] {
  const before = new Map(run.status?.tasks?.map((row) => [row.path, row]));
  const own = new Map(rows.map((row) => [row.path, row]));
  const inner = endedInside(before, own, sights);
  const ranked = [
    ...rows.map((row) => ({ phase: row.phase, finishedAt: row.finishedAt, isInner: false, row, inside: undefined })),
    ...inner.map((inside) => {
      return { phase: inside.phase, finishedAt: epochOf(inside.finishedAt), isInner: true, row: undefined, inside };
    }),
  ];
  const chosen = rowsToShow(ranked);
  const plain = chosen.flatMap(({ row }) => (row ? [taskRow(run, row, sights.state.at)] : []));
  const full = plain.map((row) => withPast(row, before.get(row.path), sights));
  for (const { inside } of chosen) if (inside) insert(full, inside);
  if (utf8Length(JSON.stringify(full)) <= MAX_EXTRA_BYTES) return full;
  return plain.map(({ lastFailure: _line, ...row }) => row);
}

function taskRow(
  run: WorkflowRun,
  { startedAt, finishedAt, since, until, backend, ...row }: UnitRow,
  acceptedAt: number,
): TaskRow {
  const { name, uid = '' } = run.metadata;
  // A pod of an earlier run of the chain is not named after this one.
  const isOwn = startedAt === undefined || startedAt >= acceptedAt;
  const isPod = row.attempt !== undefined && backend === 'Pod' && isOwn;
  return {
    ...row,
    ...(isPod ? { pod: podName(name, uid, row.path, row.attempt ?? 0) } : {}),
    ...timed('since', since),
    ...timed('until', until),
    ...timed('startedAt', startedAt),
    ...timed('finishedAt', finishedAt),
    ...lasted(startedAt, finishedAt),
  };
}

const timed = <K extends string>(field: K, time: number | undefined) =>
  (time === undefined ? {} : { [field]: timeOf(time) }) as { [key in K]?: string };

/** A row with what the state does not know any more. */
function withPast(row: TaskRow, before: TaskRow | undefined, sights: Sights): TaskRow {
  if (!isEnded(row)) return row;
  const past = before?.attempt === row.attempt ? before : undefined;
  const outputs = outputsOf(row, sights) ?? (past?.finishedAt === row.finishedAt ? past?.outputs : undefined);
  return {
    ...row,
    ...(row.phase !== 'Failed' && past?.lastFailure ? { lastFailure: past.lastFailure } : {}),
    ...(row.phase === 'Succeeded' && outputs ? { outputs } : {}),
  };
}
