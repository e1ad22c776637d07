import { FINALIZER_RESULT, type WorkflowRun } from '../../api/index.ts';
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
