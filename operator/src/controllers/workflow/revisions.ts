import { objectKey, type Workflow } from '../../api/index.ts';
import { misfitOf, type Revision } from '../../definitions/index.ts';
import { CONTROLLER_REVISIONS, isNotFound } from '../../runtime/index.ts';
import { REVISIONS_BY_WORKFLOW, RUNS_BY_WORKFLOW } from '../stores/stores.ts';
import type { WorkflowDeps } from './deps.ts';

/** Old definitions that no run refers to are kept up to this many: a run that starts just now may still pin one. */
const KEPT_UNUSED = 10;

/** Deletes old definitions that nothing needs: not the current one, not one of a run, and not among the newest. */
export async function pruneRevisions(
  deps: WorkflowDeps,
  workflow: Workflow,
  current: string,
  signal: AbortSignal,
): Promise<void> {
  const key = objectKey(workflow.metadata);
  const found = deps.stores.revisions.byIndex(REVISIONS_BY_WORKFLOW, key);
  if (found.length <= KEPT_UNUSED) return;
  const revisions = found.filter((revision) => isOf(revision, workflow));
  const used = new Set([current]);
  for (const run of deps.stores.runs.byIndex(RUNS_BY_WORKFLOW, key)) used.add(run.status?.definition?.revision ?? '');
  const unused = revisions.filter(({ metadata }) => !used.has(metadata.name)).sort((a, b) => b.revision - a.revision);
  for (const { metadata } of unused.slice(KEPT_UNUSED)) {
    try {
      const preconditions = metadata.uid ? { preconditions: { uid: metadata.uid } } : {};
      await deps.client.delete(CONTROLLER_REVISIONS, metadata, { ...preconditions, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** What others labelled as ours is not deleted for them. */
function isOf(revision: Revision, { metadata }: Workflow): boolean {
  const { name, namespace = '', uid } = metadata;
  const digest = revision.content()?.digest ?? '';
  return misfitOf(revision, { namespace, workflow: name, uid, digest }) === undefined;
}
