import type { Task, WorkflowRun } from '../../src/api/index.ts';
import { WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import { OPERATOR_USER } from '../operator-account.ts';
import type { BenchArguments } from './arguments.ts';
import { runAll } from './run-all.ts';
import type { Stage } from './stage.ts';
import { chunksOf } from './statistics.ts';
import { COMPUTED, HELD, numbered, runOf, workflowOf } from './workflows.ts';

const TIMEOUT_MS = 300_000;
/** A workflow keeps no more runs than this, and a namespace with more takes too long to delete in one request. */
const RUNS_OF_WORKFLOW = 1000;
/** Runs that are created at once. */
const BATCH = 250;

/** Memory of an operator that has nothing to do, with many runs in its caches. */
export interface MemoryFigures {
  readonly kept: number;
  readonly held: number;
  /** Resident, of the operator that has run them all, and of one that was started afterwards. */
  readonly residentMegabytes: number;
  readonly restartedMegabytes: number;
  /** Largest resident memory of the one that was started afterwards: it lists everything at once. */
  readonly restartedPeakMegabytes: number;
}

/** Runs without pods: many that have succeeded and are kept, and many that wait for a signal. */
export async function memory(stage: Stage, { kept, held }: BenchArguments): Promise<MemoryFigures> {
  const namespaces: string[] = [];
  const make = async (count: number, name: string, tasks: readonly Task[], isThere: IsThere) => {
    for (const part of chunksOf(count, RUNS_OF_WORKFLOW)) {
      namespaces.push(await filledNamespace(stage, part, name, tasks, isThere));
    }
  };
  const resident = await stage.withOperator(async (operator) => {
    await make(kept, 'kept', COMPUTED, ({ status }) => (status?.finishedAt ? status.phase : undefined));
    await make(held, 'held', HELD, isWaiting);
    await stage.audit.quiet(OPERATOR_USER);
    return operator.usage().residentBytes;
  });
  return stage.withOperator(async (operator) => {
    await stage.audit.quiet(OPERATOR_USER);
    const { residentBytes, peakBytes } = operator.usage();
    for (const namespace of namespaces) await stage.clean(namespace);
    const [residentMegabytes, restartedMegabytes] = [resident / 1e6, residentBytes / 1e6];
    return { kept, held, residentMegabytes, restartedMegabytes, restartedPeakMegabytes: peakBytes / 1e6 };
  });
}

type IsThere = (run: WorkflowRun) => string | undefined;

function isWaiting({ status }: WorkflowRun): string | undefined {
  if (status?.finishedAt) return `ended as ${status.phase} although nobody sent its signal`;
  return status?.waitingFor?.includes('Signal') ? 'Succeeded' : undefined;
}

async function filledNamespace(
  stage: Stage,
  count: number,
  name: string,
  tasks: readonly Task[],
  isThere: IsThere,
): Promise<string> {
  const namespace = await stage.namespace();
  const workflow = workflowOf(namespace, name, tasks);
  await stage.ready(workflow);
  let made = 0;
  for (const size of chunksOf(count, BATCH)) {
    const objects = Array.from({ length: size }, (_, index) => runOf(workflow, numbered(name, made + index)));
    const wanted = { type: WORKFLOW_RUNS, namespace, timeoutMs: TIMEOUT_MS, endOf: isThere };
    await runAll<WorkflowRun>(stage.client, { ...wanted, objects });
    made += size;
  }
  return namespace;
}
