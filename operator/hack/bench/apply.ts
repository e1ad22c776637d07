import type { Workflow, WorkflowRun } from '../../src/api/index.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import { podName } from '../../src/pods/index.ts';
import { OPERATOR_USER } from '../operator-account.ts';
import type { BenchArguments } from './arguments.ts';
import type { AuditRecord } from './audit.ts';
import { floorOf } from './floor.ts';
import { type Stage, until } from './stage.ts';
import { type Percentiles, percentilesOf } from './statistics.ts';
import { chainOf, numbered, workflowOf } from './workflows.ts';

/** Makes a pod of a simulated node end as soon as it runs. */
const AT_ONCE = { SIMULATE_SECONDS: '0' };
const BARE_PODS = 100;

export interface ApplyFigures {
  readonly applies: number;
  /** From the request that applied a workflow to the request that created the first pod of its first run. */
  readonly applyMs: Percentiles;
  /** Of pods that end at once, one after the other and without an operator, before and after: from create to end. */
  readonly barePodMs: Percentiles | undefined;
}

/**
 * How soon a change becomes a pod: new workflows are applied one after the other, each when the last one's run is over.
 * Beside it, pods one after the other without an operator.
 */
export async function apply(stage: Stage, options: BenchArguments): Promise<ApplyFigures> {
  const before = await bare(stage, options);
  const times = await withOperator(stage, options.applies);
  const barePods = [...before, ...(await bare(stage, options))];
  const barePodMs = barePods.length === 0 ? undefined : percentilesOf(barePods);
  return { applies: times.length, applyMs: percentilesOf(times), barePodMs };
}

/** A chain of pods is pods one after the other. */
async function bare(stage: Stage, { floor, applies }: BenchArguments): Promise<readonly number[]> {
  const pods = chainOf(Math.min(applies, BARE_PODS)).map((task) => ({ ...task, env: AT_ONCE }));
  return floor ? (await floorOf(stage, 'bare', pods, 1, 0)).podMs : [];
}

function withOperator(stage: Stage, applies: number): Promise<number[]> {
  return stage.withOperator(async () => {
    const namespace = await stage.namespace();
    await stage.audit.quiet(OPERATOR_USER);
    const mark = stage.audit.mark();
    const pods = new Map<string, string>();
    for (let index = 0; index < applies; index++) {
      const name = numbered('apply', index);
      pods.set(name, await applyOne(stage, namespace, name));
    }
    await stage.audit.quiet(OPERATOR_USER);
    const times = applyTimes(stage.audit.since(mark), pods);
    await stage.clean(namespace);
    return times;
  });
}

/** Applies a workflow that runs when it changes, and waits until its run is over. Returns the name of its pod. */
async function applyOne({ client }: Stage, namespace: string, name: string): Promise<string> {
  const workflow = workflowOf(namespace, name, [{ name: 'only', run: 'true', env: AT_ONCE }], {
    triggers: { onChange: { of: ['Tasks'] } },
  });
  await client.patch(WORKFLOWS, workflow.metadata, { kind: 'apply', object: workflow });
  let over: WorkflowRun | undefined;
  await until(`the run of ${name} is over`, async () => {
    const { status } = await client.get<Workflow>(WORKFLOWS, workflow.metadata);
    const run = status?.lastApplied?.run;
    if (!run) return false;
    over = await client.get<WorkflowRun>(WORKFLOW_RUNS, { name: run, namespace });
    return over.status?.finishedAt !== undefined;
  });
  return podName(over?.metadata.name ?? '', over?.metadata.uid ?? '', 'only', 0);
}

function applyTimes(records: readonly AuditRecord[], pods: ReadonlyMap<string, string>): number[] {
  const first = (fits: (record: AuditRecord) => boolean) => records.find((record) => !record.dryRun && fits(record));
  return [...pods].flatMap(([workflow, pod]) => {
    const applied = first(({ resource, name }) => resource === 'workflows' && name === workflow);
    const created = first(({ verb, resource, name }) => verb === 'create' && resource === 'pods' && name === pod);
    return applied && created ? [created.received - applied.received] : [];
  });
}
