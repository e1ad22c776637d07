import type { Workflow, WorkflowRun } from '../../src/api/index.ts';
import { WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import { podName } from '../../src/pods/index.ts';
import { OPERATOR_USER } from '../operator-account.ts';
import type { BenchArguments } from './arguments.ts';
import type { AuditRecord } from './audit.ts';
import { type Stage, until } from './stage.ts';
import { percentile } from './statistics.ts';
import { numbered, workflowOf } from './workflows.ts';

export interface ApplyFigures {
  readonly applies: number;
  /** From the request that applied a workflow to the request that created the first pod of its first run. */
  readonly applyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** How soon a change becomes a pod: new workflows are applied one after the other, each when the last one's run is over. */
export function apply(stage: Stage, options: BenchArguments): Promise<ApplyFigures> {
  return stage.withOperator(async () => {
    const namespace = await stage.namespace();
    await stage.audit.quiet(OPERATOR_USER);
    const mark = stage.audit.mark();
    const pods = new Map<string, string>();
    for (let index = 0; index < options.applies; index++) {
      const name = numbered('apply', index);
      pods.set(name, await applyOne(stage, namespace, name));
    }
    await stage.audit.quiet(OPERATOR_USER);
    const times = applyTimes(stage.audit.since(mark), pods);
    await stage.clean(namespace);
    return {
      applies: times.length,
      applyMs: { p50: percentile(times, 0.5), p99: percentile(times, 0.99), max: percentile(times, 1) },
    };
  });
}

/** Applies a workflow that runs when it changes, and waits until its run is over. Returns the name of its pod. */
async function applyOne({ client }: Stage, namespace: string, name: string): Promise<string> {
  const workflow = workflowOf(namespace, name, [{ name: 'only', run: 'true', env: { SIMULATE_SECONDS: '0' } }], {
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
