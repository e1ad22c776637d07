/** What was measured of several products, as one table for people. Pure. */
import type { Tally } from '../audit.ts';
import { table } from '../report.ts';
import { spreadOf } from '../statistics.ts';
import type { Measurement } from './figures.ts';

const HEAD = ['all succeeded, s', 'requests per task', 'of these Events', 'CPU s per 1,000 tasks', 'peak MB'] as const;
const EMULATED = 'executor requests per task, beside';
const TRANSITION = ['transition p50, ms', 'transition p99, ms'] as const;

/** A table for each scenario and count, with a row for each product and setting: medians, and what they lie between. */
export function peersTables(measurements: readonly Measurement[]): string {
  const groups = grouped(measurements, ({ scenario, count }) => `${count} ${WORDS[scenario]}`);
  return [...groups].map(([title, group]) => groupTable(title, group)).join('\n\n');
}

/** What the settings mean, one line each. */
export function settingLines(measurements: readonly Measurement[]): string {
  const lines = measurements.map(({ product, version, setting, text }) => `${product} ${version}, ${setting}: ${text}`);
  return [...new Set(lines)].join('\n');
}

const WORDS = { diamonds: 'diamonds of 4 tasks of 1 s', chain: 'chains of 10 tasks of 1 s' } as const;

function groupTable(title: string, group: readonly Measurement[]): string {
  const isChain = group.some(({ scenario }) => scenario === 'chain');
  const head = [title, 'times', ...HEAD, EMULATED, ...(isChain ? TRANSITION : [])];
  const rows = grouped(group, ({ product, version, setting }) => `${product} ${version}, ${setting}`);
  const floors = group.flatMap(({ floorSeconds }) => (floorSeconds === undefined ? [] : [floorSeconds]));
  const floor = ['the same pods, no operator', String(floors.length), spread(floors, 1)];
  return table(head, [
    ...(floors.length === 0 ? [] : [floor]),
    ...[...rows].map(([name, same]) => [name, ...cells(same, isChain)]),
  ]);
}

function cells(same: readonly Measurement[], isChain: boolean): string[] {
  const of = (read: (measurement: Measurement) => number | undefined, digits: number) =>
    spread(
      same.flatMap((measurement) => read(measurement) ?? []),
      digits,
    );
  const transitions = [of(({ transitionMs }) => transitionMs?.p50, 0), of(({ transitionMs }) => transitionMs?.p99, 0)];
  return [
    String(same.length),
    of(({ figures }) => figures.seconds, 1),
    of(({ figures }) => figures.requestsPerTask, 2),
    of(({ figures }) => eventsOf(figures.requests) / figures.tasks, 2),
    of(({ figures }) => figures.cpuPer1000Tasks, 1),
    of(({ figures }) => figures.peakMegabytes, 0),
    of(({ emulated, figures }) => emulated && emulated.counted / figures.tasks, 2),
    ...(isChain ? transitions : []),
  ];
}

/** Kubernetes Events, which say what happened and are lost when the server is busy: no product needs them to work. */
function eventsOf({ byRequest }: Tally): number {
  return byRequest.reduce((sum, [request, count]) => sum + (request.endsWith(' events') ? count : 0), 0);
}

/** `12.3 (10.0–15.1)`; a single value alone, and none as a dash. */
function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–';
  const { min, median, max } = spreadOf(values);
  if (values.length === 1) return median.toFixed(digits);
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
