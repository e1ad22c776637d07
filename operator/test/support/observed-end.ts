/** What is left when a run is over: everything that may not depend on the faults that it met. */
import {
  ANNOTATION_TASK,
  LABEL_ATTEMPT,
  LABEL_RUN_UID,
  linkOf,
  type RunJournal,
  type Semaphore,
  type Workflow,
  type WorkflowRun,
} from '../../src/api/index.ts';
import { RUN_JOURNALS, SEMAPHORES, WORKFLOW_RUNS, WORKFLOWS } from '../../src/controllers/index.ts';
import { decodeState } from '../../src/engine/index.ts';
import { hasResultFinalizer, type Pod, podName } from '../../src/pods/index.ts';
import { type KubeClient, PODS } from '../../src/runtime/index.ts';
import { historyProblems } from './oracle.ts';

export interface Objects {
  readonly workflows: readonly Workflow[];
  readonly runs: readonly WorkflowRun[];
  readonly pods: readonly Pod[];
  readonly journals: readonly RunJournal[];
  readonly semaphores: readonly Semaphore[];
}

export async function readObjects(client: KubeClient, namespace: string): Promise<Objects> {
  const [workflows, runs, pods, journals, semaphores] = await Promise.all([
    client.list<Workflow>(WORKFLOWS, { namespace }),
    client.list<WorkflowRun>(WORKFLOW_RUNS, { namespace }),
    client.list<Pod>(PODS, { namespace }),
    client.list<RunJournal>(RUN_JOURNALS, { namespace }),
    client.list<Semaphore>(SEMAPHORES, { namespace }),
  ]);
  return {
    workflows: workflows.items,
    runs: runs.items,
    pods: pods.items,
    journals: journals.items,
    semaphores: semaphores.items,
  };
}

/**
 * The run is over, and nothing is left to do for it: Ready workflow, pods released and, if so wished, deleted, and
 * permits given back.
 */
export function isSettled({ workflows, runs, pods, semaphores }: Objects): boolean {
  const ready = workflows.every(({ status }) =>
    status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
  );
  const over = runs.length > 0 && runs.every(({ status }) => status?.finishedAt !== undefined);
  const free = semaphores.every(({ status }) => status?.held === 0 && status.waiting === 0);
  const deletes = workflows.some(({ spec }) => spec.retention?.pods === 'Delete');
  return ready && over && free && (deletes ? pods.length === 0 : pods.every((pod) => !hasResultFinalizer(pod)));
}

export const attemptOf = ({ metadata }: Pod): string =>
  `${metadata.annotations?.[ANNOTATION_TASK]}#${metadata.labels?.[LABEL_ATTEMPT]}`;

/** How it ended, without names, times and numbers of writes: equal for equal runs. */
export interface End {
  readonly runs: number;
  readonly marks: readonly (number | undefined)[];
  readonly phase: string | undefined;
  readonly conditions: readonly string[];
  readonly tasks: Readonly<Record<string, unknown>>;
  /** Attempts that have a pod; one that has two is there twice. */
  readonly pods: readonly string[];
}

export function endOf({ workflows, runs, pods }: Objects): End {
  // Of a chain, the run that it has come to.
  const [newest] = [...runs].sort((a, b) => linkOf(b) - linkOf(a));
  const { status } = newest ?? {};
  const state = status?.state === undefined ? undefined : decodeState(status.state);
  const tasks = [...(state?.tasks ?? [])].map(([name, { unit, fan, outputs }]) => {
    const { phase, attempt, retries, infra, reason } = unit;
    const items = fan && [fan.count, fan.succeeded, fan.failed, fan.skipped, fan.cancelled];
    return [name, { phase, attempt, retries, infra, reason, outputs, items }];
  });
  return {
    runs: runs.length,
    marks: workflows.map((workflow) => workflow.status?.lastApplied?.ordinal),
    phase: status?.phase,
    conditions: (status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    tasks: Object.fromEntries(tasks),
    pods: pods.map(attemptOf).sort(),
  };
}

/** What may never be, however a run ended. */
export function brokenInvariants({ runs, pods, journals }: Omit<Objects, 'semaphores'>): string[] {
  const problems = runs.flatMap((run) => historyProblems(run, journals));
  for (const pod of pods) {
    const { annotations = {}, labels = {}, name } = pod.metadata;
    const run = runs.find(({ metadata }) => metadata.uid === labels[LABEL_RUN_UID]) ?? runs[0];
    const expected = podName(
      run?.metadata.name ?? '',
      run?.metadata.uid ?? '',
      annotations[ANNOTATION_TASK] ?? '',
      Number(labels[LABEL_ATTEMPT]),
    );
    if (name !== expected) problems.push(`the pod ${name} of ${attemptOf(pod)} should be named ${expected}`);
    if (hasResultFinalizer(pod)) problems.push(`the pod ${name} of ${attemptOf(pod)} still has its finalizer`);
  }
  return problems;
}
