import {
  ANNOTATION_PROOF,
  ANNOTATION_TASK,
  API_VERSION,
  LABEL_ATTEMPT,
  LABEL_MANAGED_BY,
  LABEL_RUN,
  LABEL_RUN_UID,
  LABEL_TASK_HASH,
  LABEL_WORKFLOW,
  linkOf,
  MANAGED_BY,
  objectId,
  type RenderedChild,
  WORKFLOW_RUN,
  type WorkflowRun,
} from '../api/index.ts';
import { childRunName, ownedByRun, taskHash } from '../pods/index.ts';
import { isControlledBy } from '../runtime/index.ts';
import { observeChild } from './child-outcome.ts';
import type { Attempt, LiveAttempt, RunContext, Seen, StartRequest } from './executor.ts';
import { attemptOf, type Known } from './identity.ts';

/** Where the run of an attempt is. */
export const refOf = (run: RunContext, { path, attempt }: Attempt) => ({
  name: childRunName(run.name, run.uid, path, attempt),
  namespace: run.namespace,
});

/** The run that an attempt starts. */
export function buildChild(
  run: RunContext,
  { path, attempt, task, rendered }: StartRequest<RenderedChild>,
  proof: string,
): WorkflowRun {
  const isAwaited = task.workflow?.wait !== false;
  return {
    apiVersion: API_VERSION,
    kind: WORKFLOW_RUN.kind,
    metadata: {
      ...refOf(run, { path, attempt }),
      labels: {
        [LABEL_MANAGED_BY]: MANAGED_BY,
        [LABEL_WORKFLOW]: rendered.workflow,
        [LABEL_RUN]: run.name,
        [LABEL_RUN_UID]: run.uid,
        [LABEL_TASK_HASH]: taskHash(path),
        [LABEL_ATTEMPT]: String(attempt),
      },
      annotations: { [ANNOTATION_TASK]: path, [ANNOTATION_PROOF]: proof },
      ...(isAwaited ? { ownerReferences: [ownedByRun(run)] } : {}),
    },
    spec: {
      workflowRef: { name: rendered.workflow },
      ...(rendered.parameters.length > 0 ? { parameters: [...rendered.parameters] } : {}),
      desiredState: 'Running',
      origin: { type: 'Workflow', run: run.name, uid: run.uid, task: path },
    },
  };
}

/** An attempt, and how its task starts a run. */
export type LiveChild = Known & Partial<Pick<LiveAttempt, 'task'>>;

/** Whether the run of an attempt is waited for: its task says so, and nothing that others can write. */
export const awaits = (attempt: LiveChild | undefined): boolean => attempt?.task?.workflow?.wait !== false;

/** Whether a run says that a task of the run started it: by its owner, or by its frozen origin. */
export function isSaidToBeOf(child: WorkflowRun, run: RunContext): boolean {
  const { origin } = child.spec;
  return isControlledBy(child, run.uid) || (origin?.type === 'Workflow' && origin.uid === run.uid);
}

export const keyOf = ({ path, attempt }: Attempt): string => `${path}#${attempt}`;
export const keyOfChild = ({ metadata }: WorkflowRun): string => keyOf(attemptOf(metadata));

/** One run for each attempt: where that continued as others, the newest of them, whose end is that of the attempt. */
export function newestOf(children: readonly WorkflowRun[]): WorkflowRun[] {
  const newest = new Map<string, WorkflowRun>();
  for (const child of children) {
    const known = newest.get(keyOfChild(child));
    if (!known || linkOf(known) < linkOf(child)) newest.set(keyOfChild(child), child);
  }
  return [...newest.values()];
}

/** A run that nobody waits for has done its part as soon as it exists. */
export function seenChild(child: WorkflowRun, isAwaited: boolean, attempt = attemptOf(child.metadata)): Seen {
  const object = { backend: 'Child', id: objectId(child.metadata.uid ?? '') } as const;
  return { ...attempt, observation: observeChild(child, isAwaited), ...(linkOf(child) === 0 ? { object } : {}) };
}
