import { FINALIZER_RESULT, objectKey, type Signal, type Workflow, type WorkflowRun } from '../../api/index.ts';
import { observePod, type Pod } from '../../pods/index.ts';

/**
 * Whether a version of a pod says anything that the one before did not. That it was bound to a node does not, nor that
 * we let go of it; other finalizers do while ours is there, for they move it.
 */
export function saysMore(pod: Pod, previous: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp) return true;
  const finalizers = pod.metadata.finalizers ?? [];
  const moved = String(finalizers) !== String(previous.metadata.finalizers ?? []);
  if (moved && finalizers.includes(FINALIZER_RESULT)) return true;
  return JSON.stringify(observePod(pod)) !== JSON.stringify(observePod(previous));
}

/**
 * Whether a version of a run asks for a decision that the one before did not: what people want or what is stored is
 * another. Owners, labels and annotations decide nothing.
 */
export function asksMore(run: WorkflowRun, previous: WorkflowRun): boolean {
  if (run.metadata.generation !== previous.metadata.generation) return true;
  if (run.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp) return true;
  return JSON.stringify(run.status) !== JSON.stringify(previous.status);
}

/** Whether a run still waits to begin: for its Workflow, or for its turn. */
export const isUnbegun = ({ status }: WorkflowRun): boolean =>
  status?.state === undefined && status?.finishedAt === undefined;

/**
 * Whether a version of a Workflow may start runs that the one before did not: it says otherwise what runs execute, how
 * many, or that they can. The times of its schedules and the like change often and concern no run.
 */
export function startsOthers(workflow: Workflow, previous: Workflow): boolean {
  const terms = ({ metadata: { uid, generation }, status }: Workflow) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return JSON.stringify([
      uid,
      generation,
      status?.observedGeneration,
      status?.definition,
      ready?.status,
      ready?.message,
    ]);
  };
  return terms(workflow) !== terms(previous);
}

/** The key of the run whose task started this one, if one did. */
export function parentOf({ metadata, spec }: WorkflowRun): string | undefined {
  const { type, run } = spec.origin ?? {};
  if (type !== 'Workflow' || run === undefined) return undefined;
  return objectKey({ name: run, namespace: metadata.namespace ?? '' });
}

/** Whether a version of a run is in another phase, or begins to be deleted: what the task that started it shows. */
export function changesPhase(run: WorkflowRun, previous: WorkflowRun): boolean {
  const stage = ({ metadata, status }: WorkflowRun) =>
    String([metadata.deletionTimestamp, status?.phase, status?.finishedAt]);
  return stage(run) !== stage(previous);
}

/** Whether a version of a signal says anything that a run decides on: what was answered or sent, not how it ended. */
export function answersMore(signal: Signal, previous: Signal): boolean {
  return signal.metadata.generation !== previous.metadata.generation;
}
