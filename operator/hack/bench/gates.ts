/**
 * The gates: each figure by which a release is judged, with its meaning, its goal and the largest value that passes.
 * This is the one list of them. None is in seconds, since the same code takes twice as long on a slower machine: time is
 * told in floors and bare pods, CPU in shares of the API server's and in units of work, all of the same run. Pure.
 */
import type { ApplyFigures } from './apply.ts';
import type { ChainFigures } from './chain.ts';
import { inApiServers, ratioOf, unitsPer1000 } from './cost.ts';
import type { Pair } from './diamonds.ts';
import type { LibraryFigures } from './library.ts';
import type { OperatorFigures } from './measure.ts';
import type { MemoryFigures } from './memory.ts';
import { growthOf, type QueueFigures } from './queue-figures.ts';
import { median, type Percentiles } from './statistics.ts';

/** What was measured; what was not is absent. */
export interface Results {
  readonly diamonds?: readonly Pair[];
  readonly deleted?: OperatorFigures;
  readonly chain?: ChainFigures;
  readonly apply?: ApplyFigures;
  readonly library?: LibraryFigures;
  readonly queue?: QueueFigures;
  readonly memory?: MemoryFigures;
}

export interface Gate {
  readonly name: string;
  readonly meaning: string;
  /** The value aimed at, and the largest that passes. */
  readonly goal: number;
  readonly gate: number;
  readonly digits: number;
  /** None when it was not measured. @throws RangeError when there is nothing to compare with */
  readonly of: (results: Results) => number | undefined;
}

type Read = (results: Results) => number | undefined;

/** The median over all diamonds. */
const ofDiamonds =
  (read: (figures: OperatorFigures) => number): Read =>
  ({ diamonds }) =>
    diamonds && median(diamonds.map(({ ado }) => read(ado)));

const inFloors: Read = ({ diamonds = [] }) => {
  const ratios = diamonds.flatMap(({ ado, floorSeconds }) => (floorSeconds ? [ado.seconds / floorSeconds] : []));
  return ratios.length === 0 ? undefined : median(ratios);
};

/** Without the floor there are no bare pods, and no figure. */
const inBarePods = (ms: number | undefined, bare: Percentiles | undefined): number | undefined =>
  ms === undefined || bare === undefined ? undefined : ratioOf(ms, bare.p50);

export const GATES: readonly Gate[] = [
  {
    name: 'diamonds.floors',
    meaning: 'time until all diamonds have succeeded, over the time of the same pods without an operator',
    goal: 1.6,
    gate: 2,
    digits: 2,
    of: inFloors,
  },
  {
    name: 'diamonds.requests',
    meaning: 'requests of the operator per task, pods kept',
    goal: 3.5,
    gate: 4,
    digits: 2,
    of: ofDiamonds(({ requestsPerTask }) => requestsPerTask),
  },
  {
    name: 'deleted.requests',
    meaning: 'requests of the operator per task, pods deleted',
    goal: 4.5,
    gate: 5,
    digits: 2,
    of: ({ deleted }) => deleted?.requestsPerTask,
  },
  {
    name: 'diamonds.cpu-share',
    meaning: 'CPU of the operator over the CPU of the API server',
    goal: 0.25,
    gate: 0.35,
    digits: 2,
    of: ofDiamonds(inApiServers),
  },
  {
    name: 'diamonds.cpu-units',
    meaning: 'CPU of the operator per 1,000 tasks, in units of work',
    goal: 5,
    gate: 8,
    digits: 1,
    of: ofDiamonds((figures) => unitsPer1000(figures, figures.tasks)),
  },
  {
    name: 'diamonds.peak',
    meaning: 'peak memory of the operator, MB',
    goal: 200,
    gate: 300,
    digits: 0,
    of: ofDiamonds(({ peakMegabytes }) => peakMegabytes),
  },
  {
    name: 'chain.p50',
    meaning: 'p50 from the end of a pod to the create of the next, in bare pods',
    goal: 0.3,
    gate: 0.5,
    digits: 2,
    of: ({ chain }) => inBarePods(chain?.transitionMs.p50, chain?.barePodMs),
  },
  {
    name: 'chain.p99',
    meaning: 'p99 from the end of a pod to the create of the next, in bare pods',
    goal: 2,
    gate: 3,
    digits: 2,
    of: ({ chain }) => inBarePods(chain?.transitionMs.p99, chain?.barePodMs),
  },
  {
    name: 'apply.p99',
    meaning: 'p99 from an apply to the create of the first pod, in bare pods',
    goal: 3,
    gate: 5,
    digits: 2,
    of: ({ apply }) => inBarePods(apply?.applyMs.p99, apply?.barePodMs),
  },
  {
    name: 'library.cpu-units',
    meaning: 'CPU of the operator per 1,000 reconciles of a Workflow with a library of templates, in units of work',
    goal: 5,
    gate: 10,
    digits: 1,
    of: ({ library }) => library && unitsPer1000(library, library.reconciles),
  },
  {
    name: 'queue.growth',
    meaning: 'CPU per run of a long queue under one concurrency key, over that of queues a fifth as long',
    goal: 1.1,
    gate: 1.25,
    digits: 2,
    of: ({ queue }) => queue && growthOf(queue),
  },
  {
    name: 'memory.resident',
    meaning: 'resident memory of the operator with many runs in progress and kept, MB',
    goal: 250,
    gate: 350,
    digits: 0,
    of: ({ memory }) => memory && Math.max(memory.residentMegabytes, memory.restartedMegabytes),
  },
];
