/** What is told of every product alike. Pure. */
import { type AuditRecord, type Tally, tallyOf } from '../audit.ts';
import type { OperatorFigures } from '../measure.ts';
import type { Percentiles } from '../statistics.ts';
import type { ScenarioName, SettingName } from './arguments.ts';

export type Figures = Pick<
  OperatorFigures,
  'tasks' | 'seconds' | 'requests' | 'requestsPerTask' | 'cpuSeconds' | 'cpuPer1000Tasks' | 'peakMegabytes'
>;

/** One product, measured once. */
export interface Measurement {
  readonly scenario: ScenarioName;
  /** How many workflows at once. */
  readonly count: number;
  readonly product: string;
  readonly version: string;
  readonly setting: SettingName;
  /** The setting in words. */
  readonly text: string;
  readonly figures: Figures;
  /** Chains: from the request that made a pod terminal to the request that created the next one. */
  readonly transitionMs?: Percentiles;
  /** Requests of what was emulated, as the product's own executor would have made them. */
  readonly emulated?: Tally;
  /** The same pods without any operator, measured beside. */
  readonly floorSeconds?: number;
}

export function figuresOf(
  records: readonly AuditRecord[],
  user: string,
  tasks: number,
  seconds: number,
  cpuSeconds: number,
  peakBytes: number,
): Figures {
  const requests = tallyOf(records.filter((record) => record.user === user));
  return {
    tasks,
    seconds,
    requests,
    requestsPerTask: requests.counted / tasks,
    cpuSeconds,
    cpuPer1000Tasks: (cpuSeconds / tasks) * 1000,
    peakMegabytes: peakBytes / 1e6,
  };
}

/** The part of an operator's figures that peers have too. */
export function commonOf(figures: OperatorFigures): Figures {
  const { tasks, seconds, requests, requestsPerTask, cpuSeconds, cpuPer1000Tasks, peakMegabytes } = figures;
  return { tasks, seconds, requests, requestsPerTask, cpuSeconds, cpuPer1000Tasks, peakMegabytes };
}
