/** Tables of what scenarios other than the diamonds have measured, for people. Pure. */
import type { ApplyFigures } from './apply.ts';
import type { ChainFigures } from './chain.ts';
import { type Cost, inApiServers, unitsPer1000 } from './cost.ts';
import type { LibraryFigures } from './library.ts';
import type { MemoryFigures } from './memory.ts';
import { growthOf, type QueueFigures } from './queue-figures.ts';
import { type Row, table } from './report.ts';
import type { Percentiles } from './statistics.ts';

export function chainTable({ ado, transitions, transitionMs, barePodMs }: ChainFigures): string {
  const rows: Row[] = [
    ['transitions', String(transitions)],
    ...timeRows('transition', transitionMs, barePodMs),
    ['all succeeded, s', ado.seconds.toFixed(1)],
    ['requests per task', ado.requestsPerTask.toFixed(2)],
    ...costRows('1,000 tasks', ado, ado.tasks),
  ];
  return table([`${ado.tasks / 10} chains of 10`, 'value'], rows);
}

export function applyTable({ applies, applyMs, barePodMs }: ApplyFigures): string {
  return table([`${applies} applies, one at a time`, 'value'], timeRows('apply to first pod', applyMs, barePodMs));
}

export function libraryTable(figures: LibraryFigures): string {
  const { templates, reconciles, cpuSeconds } = figures;
  const rows: Row[] = [
    ['reconciles of the workflow', String(reconciles)],
    ['operator CPU per reconcile, ms', ((cpuSeconds / reconciles) * 1000).toFixed(2)],
    ...costRows('1,000 reconciles', figures, reconciles),
  ];
  return table([`library of ${templates} templates`, 'value'], rows);
}

export function queueTable(figures: QueueFigures): string {
  const { runs, short, shortQueues, longQueue } = figures;
  const row = (what: string, read: (cost: Cost) => string): Row => [what, read(shortQueues), read(longQueue)];
  const rows: Row[] = [
    row('operator CPU per run, ms', ({ cpuSeconds }) => ((cpuSeconds / runs) * 1000).toFixed(2)),
    row('operator CPU per 1,000 runs, units', (cost) => unitsPer1000(cost, runs).toFixed(2)),
    row('operator CPU over API server CPU', (cost) => inApiServers(cost).toFixed(2)),
    ['per run, in runs of short queues', '1', growthOf(figures).toFixed(2)],
  ];
  return table([`${runs} queued runs`, `${short} at a time`, 'all at once'], rows);
}

export function memoryTable(figures: MemoryFigures): string {
  const { kept, held, residentMegabytes, restartedMegabytes, restartedPeakMegabytes } = figures;
  const rows: Row[] = [
    ['operator that has run them, MB', residentMegabytes.toFixed(0)],
    ['operator started afterwards, MB', restartedMegabytes.toFixed(0)],
    ['its peak, MB', restartedPeakMegabytes.toFixed(0)],
  ];
  return table([`${held} runs in progress, ${kept} kept`, 'resident'], rows);
}

/** Times in milliseconds, and beside them in the median time of a bare pod where there is one. */
function timeRows(what: string, { p50, p99, max }: Percentiles, bare: Percentiles | undefined): Row[] {
  const rows: Row[] = [
    [`${what} p50, ms`, p50.toFixed(0)],
    [`${what} p99, ms`, p99.toFixed(0)],
    [`${what} max, ms`, max.toFixed(0)],
  ];
  if (!bare) return rows;
  return [
    ...rows,
    ['bare pod p50, ms', bare.p50.toFixed(0)],
    [`${what} p50, bare pods`, (p50 / bare.p50).toFixed(2)],
    [`${what} p99, bare pods`, (p99 / bare.p50).toFixed(2)],
  ];
}

function costRows(per: string, cost: Cost, count: number): Row[] {
  return [
    [`operator CPU per ${per}, s`, ((cost.cpuSeconds / count) * 1000).toFixed(2)],
    ['operator CPU over API server CPU', inApiServers(cost).toFixed(2)],
    ['unit of work, s of CPU', cost.unitSeconds.toFixed(3)],
    [`operator CPU per ${per}, units`, unitsPer1000(cost, count).toFixed(2)],
  ];
}
