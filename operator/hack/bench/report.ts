/** Tables of what was measured, for people. Pure. */
import type { ApplyFigures } from './apply.ts';
import type { ChainFigures } from './chain.ts';
import type { Pair } from './diamonds.ts';
import type { OperatorFigures } from './measure.ts';
import { spreadOf } from './statistics.ts';

type Row = readonly string[];

/** Rows as a table of Markdown with aligned columns, so that it can be read here and kept in docs. */
export function table(head: Row, rows: readonly Row[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0), 3));
  const line = (row: Row) => `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** Median, and what it lies between when there is more than one measurement. */
function spread(values: readonly number[], digits: number): Row {
  const { min, median, max } = spreadOf(values);
  return [median.toFixed(digits), values.length === 1 ? '' : `${min.toFixed(digits)}–${max.toFixed(digits)}`];
}

export function diamondTable(pairs: readonly Pair[]): string {
  const of = (read: (figures: OperatorFigures) => number) => pairs.map(({ ado }) => read(ado));
  const floors = pairs.flatMap(({ floorSeconds }) => (floorSeconds === undefined ? [] : [floorSeconds]));
  const ratios = pairs.flatMap(({ ado, floorSeconds }) =>
    floorSeconds === undefined ? [] : [ado.seconds / floorSeconds],
  );
  const rows: Row[] = [
    [
      'all succeeded, s',
      ...spread(
        of(({ seconds }) => seconds),
        1,
      ),
    ],
    ...(floors.length === 0
      ? []
      : [
          ['floor, s', ...spread(floors, 1)],
          ['in floors', ...spread(ratios, 2)],
        ]),
    ...costRows(of),
  ];
  return table(['500 diamonds'.replace('500', String((pairs[0]?.ado.tasks ?? 0) / 4)), 'median', 'spread'], rows);
}

function costRows(of: (read: (figures: OperatorFigures) => number) => number[]): Row[] {
  return [
    [
      'requests per task',
      ...spread(
        of(({ requestsPerTask }) => requestsPerTask),
        2,
      ),
    ],
    [
      'status patches per run',
      ...spread(
        of(({ statusPatchesPerRun }) => statusPatchesPerRun),
        2,
      ),
    ],
    [
      'status patch in the API server, median ms',
      ...spread(
        of(({ statusPatchMs }) => statusPatchMs.median),
        1,
      ),
    ],
    [
      'status patch in the API server, p99 ms',
      ...spread(
        of(({ statusPatchMs }) => statusPatchMs.p99),
        1,
      ),
    ],
    [
      'object of a run, p95 bytes',
      ...spread(
        of(({ objectBytes }) => objectBytes.p95),
        0,
      ),
    ],
    [
      'object of a run, max bytes',
      ...spread(
        of(({ objectBytes }) => objectBytes.max),
        0,
      ),
    ],
    [
      'operator CPU, s',
      ...spread(
        of(({ cpuSeconds }) => cpuSeconds),
        2,
      ),
    ],
    [
      'operator CPU per 1,000 tasks, s',
      ...spread(
        of(({ cpuPer1000Tasks }) => cpuPer1000Tasks),
        2,
      ),
    ],
    [
      'operator garbage collection, s',
      ...spread(
        of(({ gcSeconds }) => gcSeconds),
        2,
      ),
    ],
    [
      'operator peak memory, MB',
      ...spread(
        of(({ peakMegabytes }) => peakMegabytes),
        0,
      ),
    ],
    [
      'event loop delay, p99 ms',
      ...spread(
        of(({ eventLoopP99Ms }) => eventLoopP99Ms),
        0,
      ),
    ],
    [
      'event loop delay, max ms',
      ...spread(
        of(({ eventLoopMaxMs }) => eventLoopMaxMs),
        0,
      ),
    ],
  ];
}

/** The operator's requests by kind, of one measurement. */
export function requestTable({ requests, tasks }: OperatorFigures): string {
  const row = ([request, count]: readonly [string, number]): Row => [
    request,
    String(count),
    (count / tasks).toFixed(2),
  ];
  const rows = [
    ...requests.byRequest.map(row),
    ['counted', String(requests.counted), (requests.counted / tasks).toFixed(2)],
    ['leases (not counted)', String(requests.leases), ''],
    ['watches opened (not counted)', String(requests.watches), ''],
    ...requests.refused.map(([request, count]): Row => [`of these refused: ${request}`, String(count), '']),
  ];
  return table(['request', 'count', 'per task'], rows);
}

export function chainTable({ ado, transitions, transitionMs }: ChainFigures): string {
  const { p50, p99, max } = transitionMs;
  const rows: Row[] = [
    ['transitions', String(transitions)],
    ['transition p50, ms', p50.toFixed(0)],
    ['transition p99, ms', p99.toFixed(0)],
    ['transition max, ms', max.toFixed(0)],
    ['all succeeded, s', ado.seconds.toFixed(1)],
    ['requests per task', ado.requestsPerTask.toFixed(2)],
    ['operator CPU per 1,000 tasks, s', ado.cpuPer1000Tasks.toFixed(2)],
  ];
  return table([`${ado.tasks / 10} chains of 10`, 'value'], rows);
}

export function applyTable({ applies, applyMs: { p50, p99, max } }: ApplyFigures): string {
  const rows: Row[] = [
    ['apply to first pod p50, ms', p50.toFixed(0)],
    ['apply to first pod p99, ms', p99.toFixed(0)],
    ['apply to first pod max, ms', max.toFixed(0)],
  ];
  return table([`${applies} applies, one at a time`, 'value'], rows);
}
