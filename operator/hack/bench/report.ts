/** Tables of what was measured, for people. Pure. */
import { inApiServers, unitsPer1000 } from './cost.ts';
import type { Pair } from './diamonds.ts';
import type { OperatorFigures } from './measure.ts';
import { spreadOf } from './statistics.ts';

export type Row = readonly string[];

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
  const row = (what: string, digits: number, read: (figures: OperatorFigures) => number): Row => [
    what,
    ...spread(
      pairs.map(({ ado }) => read(ado)),
      digits,
    ),
  ];
  const rows = [row('all succeeded, s', 1, ({ seconds }) => seconds), ...floorRows(pairs), ...costRows(row)];
  return table([`${(pairs[0]?.ado.tasks ?? 0) / 4} diamonds`, 'median', 'spread'], rows);
}

function floorRows(pairs: readonly Pair[]): Row[] {
  const floors = pairs.flatMap(({ ado, floorSeconds }) => (floorSeconds ? [[ado.seconds, floorSeconds] as const] : []));
  if (floors.length === 0) return [];
  const seconds = floors.map(([, floor]) => floor);
  const ratios = floors.map(([ado, floor]) => ado / floor);
  return [
    ['floor, s', ...spread(seconds, 1)],
    ['in floors', ...spread(ratios, 2)],
  ];
}

type RowOf = (what: string, digits: number, read: (figures: OperatorFigures) => number) => Row;

const costRows = (row: RowOf): Row[] => [
  row('requests per task', 2, ({ requestsPerTask }) => requestsPerTask),
  row('status patches per run', 2, ({ statusPatchesPerRun }) => statusPatchesPerRun),
  row('status patch in the API server, median ms', 1, ({ statusPatchMs }) => statusPatchMs.median),
  row('status patch in the API server, p99 ms', 1, ({ statusPatchMs }) => statusPatchMs.p99),
  row('object of a run, p95 bytes', 0, ({ objectBytes }) => objectBytes.p95),
  row('object of a run, max bytes', 0, ({ objectBytes }) => objectBytes.max),
  row('operator CPU, s', 2, ({ cpuSeconds }) => cpuSeconds),
  row('operator CPU per 1,000 tasks, s', 2, ({ cpuPer1000Tasks }) => cpuPer1000Tasks),
  row('API server CPU, s', 2, ({ apiServerCpuSeconds }) => apiServerCpuSeconds),
  row('operator CPU over API server CPU', 2, inApiServers),
  row('unit of work, s of CPU', 3, ({ unitSeconds }) => unitSeconds),
  row('operator CPU per 1,000 tasks, units', 2, (figures) => unitsPer1000(figures, figures.tasks)),
  row('operator garbage collection, s', 2, ({ gcSeconds }) => gcSeconds),
  row('operator peak memory, MB', 0, ({ peakMegabytes }) => peakMegabytes),
  row('event loop delay, p99 ms', 0, ({ eventLoopP99Ms }) => eventLoopP99Ms),
  row('event loop delay, max ms', 0, ({ eventLoopMaxMs }) => eventLoopMaxMs),
];

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
