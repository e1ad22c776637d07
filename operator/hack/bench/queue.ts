import type { WorkflowRun } from '../../src/api/index.ts';
import { WORKFLOW_RUNS } from '../../src/controllers/index.ts';
import type { BenchArguments } from './arguments.ts';
import { costOf } from './cost.ts';
import { metered } from './meter.ts';
import type { QueueFigures } from './queue-figures.ts';
import { runAll, settle } from './run-all.ts';
import { type Stage, until } from './stage.ts';
import { numbered, queueOf, runOf } from './workflows.ts';

/** So many short queues hold as many runs as the long one, so that both are measured equally long. */
const SHORT_QUEUES = 5;
const TIMEOUT_MS = 600_000;

/** The cost of a run in a long queue, and in queues a fifth as long. */
export function queue(stage: Stage, { queued }: BenchArguments): Promise<QueueFigures> {
  const short = Math.ceil(queued / SHORT_QUEUES);
  const runs = short * SHORT_QUEUES;
  return stage.withOperator(async (operator) => {
    const namespace = await stage.namespace();
    const shortNames = Array.from({ length: SHORT_QUEUES }, (_, index) => numbered('short', index));
    for (const name of ['warm-up', ...shortNames, 'long']) await stage.ready(queueOf(namespace, name));
    // Code is slow until it is compiled; the queues that come first must not pay for it.
    await drain(stage, namespace, 'warm-up', runs);
    const shortQueues = await metered(stage, operator, async () => {
      for (const name of shortNames) await drain(stage, namespace, name, short);
    });
    const longQueue = await metered(stage, operator, () => drain(stage, namespace, 'long', runs));
    await stage.clean(namespace);
    return { runs, short, shortQueues: costOf(shortQueues), longQueue: costOf(longQueue) };
  });
}

/** Fills the queue of a workflow behind a run that holds the only place, then ends that run and waits for all others. */
async function drain({ client }: Stage, namespace: string, name: string, count: number): Promise<void> {
  const workflow = queueOf(namespace, name);
  const first = runOf(workflow, `${name}-holder`);
  const holder = { ...first, spec: { ...first.spec, parameters: [{ name: 'hold', value: 'true' }] } };
  await client.create(WORKFLOW_RUNS, holder);
  await until(`${holder.metadata.name} holds the place`, async () => {
    const { status } = await client.get<WorkflowRun>(WORKFLOW_RUNS, holder.metadata);
    return status?.startedAt !== undefined;
  });
  const objects = Array.from({ length: count }, (_, index) => runOf(workflow, numbered(name, index)));
  const common = { type: WORKFLOW_RUNS, namespace, timeoutMs: TIMEOUT_MS };
  await runAll<WorkflowRun>(client, { ...common, objects, endOf: queuedOrEnded });
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  const endOf = ({ status }: WorkflowRun) => (status?.finishedAt ? status.phase : undefined);
  const release = { kind: 'merge', body: { spec: { desiredState: 'Cancelled' } } } as const;
  await settle<WorkflowRun>(client, { ...common, names, endOf }, () =>
    client.patch(WORKFLOW_RUNS, holder.metadata, release, { answer: 'Unread' }),
  );
}

function queuedOrEnded({ status }: WorkflowRun): string | undefined {
  if (status?.finishedAt) return `ended as ${status.phase} although it should have been queued`;
  return status?.conditions?.some(({ reason }) => reason === 'Queued') ? 'Succeeded' : undefined;
}
