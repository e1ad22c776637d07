import type { WorkflowRun } from '../../src/api/index.ts';
import { podName } from '../../src/pods/index.ts';
import type { BenchArguments } from './arguments.ts';
import { type Transition, transitionTimes } from './pod-times.ts';
import { measureRuns, type OperatorFigures } from './measure.ts';
import type { Stage } from './stage.ts';
import { percentile } from './statistics.ts';
import { chainOf, workflowOf } from './workflows.ts';

const LENGTH = 10;

export interface ChainFigures {
  readonly ado: OperatorFigures;
  readonly transitions: number;
  /** From the request that made a pod terminal to the request that created the next one. */
  readonly transitionMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** How soon a task follows the one that it waited for. */
export function chain(stage: Stage, options: BenchArguments): Promise<ChainFigures> {
  return stage.withOperator(async (operator) => {
    const namespace = await stage.namespace();
    const workflow = workflowOf(namespace, 'chain', chainOf(LENGTH));
    await stage.ready(workflow);
    const { figures, runs, records } = await measureRuns(stage, operator, workflow, options.chains);
    await stage.clean(namespace);
    const times = transitionTimes(records, runs.flatMap(transitionsOf));
    return {
      ado: figures,
      transitions: times.length,
      transitionMs: { p50: percentile(times, 0.5), p99: percentile(times, 0.99), max: percentile(times, 1) },
    };
  });
}

function transitionsOf({ metadata }: WorkflowRun): Transition[] {
  const pod = (index: number) => podName(metadata.name, metadata.uid ?? '', `t${index}`, 0);
  return Array.from({ length: LENGTH - 1 }, (_, index) => ({ parents: [pod(index)], child: pod(index + 1) }));
}
