import type { TaskPhase, TaskRow, WorkflowRun } from '../../src/api/index.ts';

const MARKS: Record<TaskPhase, string> = {
  Pending: '·',
  Running: '▸',
  Backoff: '↻',
  Succeeded: '✓',
  Failed: '✗',
  Skipped: '-',
  Cancelled: '-',
};
const COLORS: Partial<Record<TaskPhase, number>> = {
  Running: 36,
  Backoff: 33,
  Succeeded: 32,
  Failed: 31,
  Skipped: 90,
  Pending: 90,
};

export interface ViewOptions {
  readonly color: boolean;
  readonly width: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

const seconds = (from: string | undefined, to: string | undefined, now: number): string => {
  if (!from) return '';
  const end = to ? Date.parse(to) : now;
  return `${Math.max(0, Math.round((end - Date.parse(from)) / 1000))}s`;
};

function paint(text: string, phase: TaskPhase, { color }: ViewOptions): string {
  const code = COLORS[phase];
  return color && code ? `\u001b[${code}m${text}\u001b[0m` : text;
}

function remark(row: TaskRow): string {
  const attempt = row.attempt ? `attempt ${row.attempt + 1}` : '';
  const why = row.reason ? [row.reason, row.message].filter(Boolean).join(': ') : (row.message ?? '');
  return [attempt, why].filter(Boolean).join('  ').replaceAll('\n', ' ');
}

function taskLine(row: TaskRow, nameWidth: number, options: ViewOptions): string {
  const time = seconds(row.startedAt, row.finishedAt, options.now).padStart(4);
  const head = `  ${MARKS[row.phase]} ${row.path.padEnd(nameWidth)}  ${row.phase.padEnd(9)} ${time}  `;
  const text = `${head}${remark(row)}`.slice(0, options.width).trimEnd();
  return paint(text, row.phase, options);
}

/** A run as a few lines for a terminal: its phase and progress, and a line a task. Pure. */
export function viewRun(run: WorkflowRun, options: ViewOptions): string[] {
  const { status } = run;
  const rows = status?.tasks ?? [];
  const nameWidth = Math.max(12, ...rows.map((row) => row.path.length));
  const time = seconds(status?.startedAt, status?.finishedAt, options.now);
  const title = `${run.metadata.name}  ${status?.phase ?? 'Pending'}  ${status?.progress ?? ''}  ${time}`.trimEnd();
  return [title, ...rows.map((row) => taskLine(row, nameWidth, options))];
}

/** What changed since the last view, as lines for a log: one for each task that is in another phase. Pure. */
export function changedRows(before: WorkflowRun | undefined, run: WorkflowRun): TaskRow[] {
  const known = new Map((before?.status?.tasks ?? []).map((row) => [row.path, `${row.phase}${row.attempt ?? ''}`]));
  return (run.status?.tasks ?? []).filter((row) => known.get(row.path) !== `${row.phase}${row.attempt ?? ''}`);
}

/** A changed row as a line of a log. */
export function logLine(row: TaskRow, options: ViewOptions): string {
  return taskLine(row, 16, options);
}
