import { randomUUID } from 'node:crypto';
import type { Task, Workflow } from '../../src/api/index.ts';
import { buildPod, type Pod } from '../../src/pods/index.ts';
import { type KubeClient, PODS } from '../../src/runtime/index.ts';
import { follow } from './follow.ts';
import { podTimes } from './pod-times.ts';
import type { Stage } from './stage.ts';
import { numbered, workflowOf } from './workflows.ts';

/** Times of the same pods on this cluster without an operator. */
export interface Floor {
  /** From the first create to the last end. */
  readonly seconds: number;
  /** Of each pod, from its create to its end, without the time that it is told to run. */
  readonly podMs: readonly number[];
}

/** One pod of the floor: what it is, which pods must have ended before it is created, and which wait for it. */
interface Step {
  readonly manifest: Pod;
  waitsFor: number;
  readonly children: Step[];
  ended: boolean;
}

/**
 * The pods that runs of a workflow would have, made ready before time is taken. They are Ado's own manifests, but for
 * two things that only mean something with an operator: no finalizer, and the workflow as owner in place of the run.
 */
function stepsOf(workflow: Workflow, runs: number): Step[] {
  return Array.from({ length: runs }, (_, index) => runSteps(workflow, numbered('floor', index))).flat();
}

function runSteps(workflow: Workflow, name: string): Step[] {
  const { namespace = '', name: workflowName } = workflow.metadata;
  const run = { name, namespace, uid: randomUUID(), workflow: workflowName };
  const steps = new Map<string, Step>();
  for (const task of workflow.spec.tasks) {
    steps.set(task.name, { manifest: manifestOf(workflow, run, task), waitsFor: 0, children: [], ended: false });
  }
  for (const task of workflow.spec.tasks) {
    for (const need of task.needs ?? []) {
      const step = steps.get(task.name);
      if (!step) continue;
      step.waitsFor++;
      steps.get(need)?.children.push(step);
    }
  }
  return [...steps.values()];
}

function manifestOf(workflow: Workflow, run: Parameters<typeof buildPod>[0]['run'], task: Task): Pod {
  const { defaults } = workflow.spec;
  const nothing = { command: undefined, args: undefined };
  const { env = {}, run: script } = task;
  const rendered = { backend: 'Pod' as const, image: defaults?.image ?? '', ...nothing, env, script };
  const pod = buildPod({ run, task, defaults, path: task.name, attempt: 0, rendered });
  const { name, uid = '' } = workflow.metadata;
  const { finalizers: _dropped, ...metadata } = pod.metadata;
  const [owner] = metadata.ownerReferences ?? [];
  const owners = owner ? [{ ...owner, kind: 'Workflow', name, uid }] : [];
  return { ...pod, metadata: { ...metadata, ownerReferences: owners } };
}

/** Measures the pods of runs of these tasks in a namespace of their own. `podSeconds`: how long each is told to run. */
export async function floorOf(
  stage: Stage,
  name: string,
  tasks: readonly Task[],
  runs: number,
  podSeconds = 1,
): Promise<Floor> {
  const namespace = await stage.namespace();
  const workflow = await stage.apply(workflowOf(namespace, name, tasks));
  const mark = stage.audit.mark();
  const seconds = await runPods(stage.client, workflow, runs);
  const records = stage.audit.since(mark, (record) => record.namespace === namespace);
  await stage.clean(namespace);
  return { seconds, podMs: podTimes(records, podSeconds * 1000) };
}

/**
 * The least time that the pods of these runs can take on this cluster: each is created as soon as the ones that it needs
 * have ended, with nothing else going on. Returns seconds from the first create to the last end.
 */
async function runPods(client: KubeClient, workflow: Workflow, runs: number): Promise<number> {
  const steps = stepsOf(workflow, runs);
  const byName = new Map(steps.map((step) => [step.manifest.metadata.name, step]));
  const done = Promise.withResolvers<void>();
  let left = steps.length;
  const start = (step: Step) => void client.create(PODS, step.manifest).catch(done.reject);
  const onPod = (pod: Pod) => {
    const step = byName.get(pod.metadata.name);
    if (!step || step.ended || !hasEnded(pod)) return;
    step.ended = true;
    for (const child of step.children) if (--child.waitsFor === 0) start(child);
    if (--left === 0) done.resolve();
  };
  const following = await follow<Pod>(client, PODS, workflow.metadata.namespace ?? '', onPod);
  const began = performance.now();
  for (const step of steps) if (step.waitsFor === 0) start(step);
  try {
    await Promise.race([done.promise, following.broken]);
  } finally {
    following.end();
  }
  return (performance.now() - began) / 1000;
}

function hasEnded({ metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') throw new Error(`the pod ${metadata.name} failed; nothing is measured`);
  return status?.phase === 'Succeeded';
}
