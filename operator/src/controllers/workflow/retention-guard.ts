import { objectKey, type WorkflowRun } from '../../api/index.ts';
import { awaiting, hasActed } from '../completion/awaiting.ts';
import { BY_COMPLETION_SOURCE } from '../stores/completion-sources.ts';
import type { Stores } from '../stores/stores.ts';

/** How long a run that has ended is kept for triggers that cannot act, such as those of a Workflow that is not valid. */
const LONGEST_HOLD_MS = 3_600_000;
/** Senders that got no answer send again: so long the run that is there tells them that they were heard. */
const REPEATED_MS = 300_000;

/**
 * Whether a run may not be deleted yet: a trigger has still to act upon its end; or a trigger made it, and the run that
 * it was made for does not say so yet; or a request made it, and may be on its way once more. Without the last two it
 * could be made again.
 */
export function isKeptForTrigger(stores: Pick<Stores, 'workflows' | 'runs'>, run: WorkflowRun, now: number): boolean {
  return isAwaited(stores, run, now) || isUnmarked(stores, run) || mayBeRepeated(run, now);
}

function mayBeRepeated({ metadata, spec }: WorkflowRun, now: number): boolean {
  return spec.origin?.type === 'Webhook' && Date.parse(metadata.creationTimestamp ?? '') + REPEATED_MS > now;
}

function isAwaited({ workflows }: Pick<Stores, 'workflows'>, run: WorkflowRun, now: number): boolean {
  if (Date.parse(run.status?.finishedAt ?? '') + LONGEST_HOLD_MS < now) return false;
  const source = objectKey({ name: run.spec.workflowRef.name, namespace: run.metadata.namespace ?? '' });
  return workflows.byIndex(BY_COMPLETION_SOURCE, source).some((target) => awaiting(target, run).length > 0);
}

function isUnmarked({ workflows, runs }: Pick<Stores, 'workflows' | 'runs'>, { metadata, spec }: WorkflowRun): boolean {
  const { type, run = '', uid, trigger = '' } = spec.origin ?? {};
  if (type !== 'Completion') return false;
  const { namespace = '' } = metadata;
  const source = runs.get(objectKey({ name: run, namespace }));
  if (source?.metadata.uid !== uid || source === undefined) return false;
  const target = workflows.get(objectKey({ name: spec.workflowRef.name, namespace }));
  return target !== undefined && !hasActed(source, target, trigger);
}
