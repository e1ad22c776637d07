import type { Workflow, WorkflowRun } from '../../src/api/index.ts';
import { WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import { OPERATOR_USER } from '../operator-account.ts';
import { type AuditRecord, serverTimes, type Tally, tallyOf } from './audit.ts';
import type { Cost } from './cost.ts';
import { type Metered, metered } from './meter.ts';
import { metricOf, sumOf } from './metrics-text.ts';
import type { MeasuredOperator } from './operator-process.ts';
import { type Ended, runAll } from './run-all.ts';
import type { Stage } from './stage.ts';
import { percentile } from './statistics.ts';
import { numbered, runOf } from './workflows.ts';

const TIMEOUT_MS = 300_000;

/** What it cost the operator to run many workflows at once. */
export interface OperatorFigures extends Cost {
  readonly tasks: number;
  /** From the first create of a run to the last end of one as a watch sees it. */
  readonly seconds: number;
  readonly requests: Tally;
  readonly requestsPerTask: number;
  readonly cpuPer1000Tasks: number;
  readonly peakMegabytes: number;
  readonly gcSeconds: number;
  readonly eventLoopP99Ms: number;
  readonly eventLoopMaxMs: number;
  readonly statusPatchesPerRun: number;
  /** Time in the API server of one status patch. */
  readonly statusPatchMs: { readonly median: number; readonly p99: number };
  /** A run as the server sends it, whole, after every change. */
  readonly objectBytes: { readonly p95: number; readonly max: number };
}

export interface Measured {
  readonly figures: OperatorFigures;
  readonly runs: readonly WorkflowRun[];
  /** Everything that the API server was asked meanwhile, by anyone. */
  readonly records: readonly AuditRecord[];
}

/** Creates runs of a workflow all at once and measures the operator until every one of them has succeeded. */
export async function measureRuns(
  stage: Stage,
  operator: MeasuredOperator,
  workflow: Workflow,
  count: number,
): Promise<Measured> {
  const measured = await metered(stage, operator, async () => {
    await operator.scrape();
    return allRuns(stage, workflow, count);
  });
  const figures = figuresOf(count * workflow.spec.tasks.length, measured, await operator.scrape());
  return { figures, runs: measured.result.ended, records: measured.records };
}

function allRuns({ client }: Stage, workflow: Workflow, count: number): Promise<Ended<WorkflowRun>> {
  const name = (index: number) => numbered(workflow.metadata.name, index);
  return runAll<WorkflowRun>(client, {
    type: WORKFLOW_RUNS,
    namespace: workflow.metadata.namespace ?? '',
    objects: Array.from({ length: count }, (_, index) => runOf(workflow, name(index))),
    timeoutMs: TIMEOUT_MS,
    endOf: ({ status }) => (status?.finishedAt ? status.phase : undefined),
  });
}

function figuresOf(tasks: number, measured: Metered<Ended<WorkflowRun>>, metrics: string): OperatorFigures {
  const { cpuSeconds, apiServerCpuSeconds, unitSeconds, peakBytes, records } = measured;
  const { seconds, bytes } = measured.result;
  const own = records.filter(({ user }) => user === OPERATOR_USER);
  const requests = tallyOf(own);
  const patches = serverTimes(own, 'patch', 'workflowruns/status');
  const runs = new Set(own.filter(({ resource }) => resource === 'workflowruns/status').map(({ name }) => name)).size;
  const delay = (stat: string) => (metricOf(metrics, 'ado_event_loop_delay_seconds', { stat }) ?? Number.NaN) * 1000;
  return {
    tasks,
    seconds,
    requests,
    requestsPerTask: requests.counted / tasks,
    cpuSeconds,
    apiServerCpuSeconds,
    unitSeconds,
    cpuPer1000Tasks: (cpuSeconds / tasks) * 1000,
    peakMegabytes: peakBytes / 1e6,
    gcSeconds: sumOf(metrics, 'nodejs_gc_duration_seconds_sum'),
    eventLoopP99Ms: delay('p99'),
    eventLoopMaxMs: delay('max'),
    statusPatchesPerRun: patches.length / runs,
    statusPatchMs: { median: percentile(patches, 0.5), p99: percentile(patches, 0.99) },
    objectBytes: { p95: percentile(bytes, 0.95), max: percentile(bytes, 1) },
  };
}
