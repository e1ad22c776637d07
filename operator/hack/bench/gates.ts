/** What a release must reach, and what it should. Pure. */
import type { ApplyFigures } from './apply.ts';
import type { ChainFigures } from './chain.ts';
import type { Pair } from './diamonds.ts';
import type { OperatorFigures } from './measure.ts';
import { table } from './report.ts';
import { median } from './statistics.ts';

/** What was measured; what was not is absent. */
export interface Results {
  readonly diamonds?: readonly Pair[];
  readonly deleted?: OperatorFigures;
  readonly chain?: ChainFigures;
  readonly apply?: ApplyFigures;
}

interface Gate {
  readonly what: string;
  /** The largest value that passes, and the one aimed at. */
  readonly gate: number;
  readonly goal: number;
  readonly digits: number;
  /** None when it was not measured. */
  readonly of: (results: Results) => number | undefined;
}

export interface Verdict {
  readonly what: string;
  readonly value: number;
  readonly gate: number;
  readonly goal: number;
  readonly verdict: 'goal' | 'gate' | 'missed';
}

const ofDiamonds =
  (read: (figures: OperatorFigures) => number) =>
  ({ diamonds }: Results) =>
    diamonds && median(diamonds.map(({ ado }) => read(ado)));

function inFloors({ diamonds = [] }: Results): number | undefined {
  const ratios = diamonds.flatMap(({ ado, floorSeconds }) => (floorSeconds ? [ado.seconds / floorSeconds] : []));
  return ratios.length === 0 ? undefined : median(ratios);
}

const GATES: readonly Gate[] = [
  { what: 'diamonds: all succeeded, in floors', gate: 2, goal: 1.6, digits: 2, of: inFloors },
  {
    what: 'diamonds: requests per task, pods kept',
    gate: 4,
    goal: 3.5,
    digits: 2,
    of: ofDiamonds(({ requestsPerTask }) => requestsPerTask),
  },
  {
    what: 'diamonds: requests per task, pods deleted',
    gate: 5,
    goal: 4.5,
    digits: 2,
    of: ({ deleted }) => deleted?.requestsPerTask,
  },
  {
    what: 'diamonds: operator CPU per 1,000 tasks, s',
    gate: 5,
    goal: 3,
    digits: 2,
    of: ofDiamonds(({ cpuPer1000Tasks }) => cpuPer1000Tasks),
  },
  {
    what: 'diamonds: operator peak memory, MB',
    gate: 300,
    goal: 200,
    digits: 0,
    of: ofDiamonds(({ peakMegabytes }) => peakMegabytes),
  },
  {
    what: 'chains: pod terminal to next create p50, ms',
    gate: 50,
    goal: 50,
    digits: 0,
    of: ({ chain }) => chain?.transitionMs.p50,
  },
  {
    what: 'chains: pod terminal to next create p99, ms',
    gate: 250,
    goal: 100,
    digits: 0,
    of: ({ chain }) => chain?.transitionMs.p99,
  },
  { what: 'apply to first pod p99, ms', gate: 300, goal: 150, digits: 0, of: ({ apply }) => apply?.applyMs.p99 },
];

/** How what was measured compares with what is asked; a value as it is printed decides. */
export function verdictsOf(results: Results): Verdict[] {
  return GATES.flatMap(({ what, gate, goal, digits, of }) => {
    const measured = of(results);
    if (measured === undefined) return [];
    const value = Number(measured.toFixed(digits));
    return [{ what, value, gate, goal, verdict: verdictOf(value, gate, goal) }];
  });
}

function verdictOf(value: number, gate: number, goal: number): Verdict['verdict'] {
  if (value <= goal) return 'goal';
  return value <= gate ? 'gate' : 'missed';
}

export function gateTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ what, value, gate, goal, verdict }) => [
    what,
    String(value),
    `≤ ${gate}`,
    `≤ ${goal}`,
    verdict === 'missed' ? 'missed' : `${verdict} met`,
  ]);
  return table(['medians', 'measured', 'gate', 'goal', 'verdict'], rows);
}
