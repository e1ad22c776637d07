import type { WorkflowRun } from '../../src/api/index.ts';
import { podName } from '../../src/pods/index.ts';
import type { BenchArguments } from './arguments.ts';
import { floorOf } from './floor.ts';
import { measureRuns, type OperatorFigures } from './measure.ts';
import { type Transition, transitionTimes } from './pod-times.ts';
import type { Stage } from './stage.ts';
import { type Percentiles, percentilesOf } from './statistics.ts';
import { chainOf, workflowOf } from './workflows.ts';

const NAME = 'chain';
const LENGTH = 10;

export interface ChainFigures {
  readonly ado: OperatorFigures;
  readonly transitions: number;
  /** From the request that made a pod terminal to the request that created the next one. */
  readonly transitionMs: Percentiles;
  /** Of the same pods without an operator, before and after: from create to end, without the second that they run. */
  readonly barePodMs: Percentiles | undefined;
}

/** How soon a task follows the one that it waited for, beside how long pods take without an operator. */
export async function chain(stage: Stage, options: BenchArguments): Promise<ChainFigures> {
  const before = await bare(stage, options);
  const measured = await withOperator(stage, options.chains);
  const barePods = [...before, ...(await bare(stage, options))];
  return { ...measured, barePodMs: barePods.length === 0 ? undefined : percentilesOf(barePods) };
}

const bare = async (stage: Stage, { floor, chains }: BenchArguments): Promise<readonly number[]> =>
  floor ? (await floorOf(stage, NAME, chainOf(LENGTH), chains)).podMs : [];

function withOperator(stage: Stage, chains: number): Promise<Omit<ChainFigures, 'barePodMs'>> {
  return stage.withOperator(async (operator) => {
    const namespace = await stage.namespace();
    const workflow = workflowOf(namespace, NAME, chainOf(LENGTH));
    await stage.ready(workflow);
    const { figures, runs, records } = await measureRuns(stage, operator, workflow, chains);
    await stage.clean(namespace);
    const times = transitionTimes(records, runs.flatMap(transitionsOf));
    return { ado: figures, transitions: times.length, transitionMs: percentilesOf(times) };
  });
}

function transitionsOf({ metadata }: WorkflowRun): Transition[] {
  const pod = (index: number) => podName(metadata.name, metadata.uid ?? '', `t${index}`, 0);
  return Array.from({ length: LENGTH - 1 }, (_, index) => ({ parents: [pod(index)], child: pod(index + 1) }));
}
