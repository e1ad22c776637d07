import { objectKey, type WorkflowRun } from '../../api/index.ts';
import { Controller, type ControllerOptions } from '../../runtime/index.ts';
import { BACKFILLS_BY_WORKFLOW } from '../stores/stores.ts';
import { type BackfillDeps, BackfillReconciler } from './reconciler.ts';

/** Sources and keys of the controller of Backfills: the backfills, their Workflows, and their runs that have ended. */
export function backfillController(
  deps: BackfillDeps,
  options: Pick<ControllerOptions, 'logger' | 'concurrency'>,
): Controller {
  const reconciler = new BackfillReconciler(deps);
  const controller = new Controller({
    name: 'backfill',
    reconcile: (key, context) => reconciler.reconcile(key, context),
    metrics: deps.metrics,
    clock: deps.clock,
    ...options,
  });
  const { queue } = controller;
  const { backfills, workflows, runs } = deps.stores;
  const add = (key: string) => queue.add(key);
  backfills.subscribe({ added: add, updated: add, deleted: add, resynced: (key) => queue.add(key, 'resync') });
  const ofWorkflow = (key: string) => {
    for (const { metadata, status } of backfills.byIndex(BACKFILLS_BY_WORKFLOW, key)) {
      if (status?.finishedAt === undefined) queue.add(objectKey(metadata), 'resync');
    }
  };
  workflows.subscribe({ added: ofWorkflow, updated: ofWorkflow });
  const ended = (_key: string, { metadata, spec, status }: WorkflowRun) => {
    const { backfill } = spec.origin ?? {};
    if (backfill === undefined || status?.finishedAt === undefined) return;
    queue.add(objectKey({ name: backfill, namespace: metadata.namespace ?? '' }));
  };
  const deleted = (_key: string, { metadata, spec }: WorkflowRun) => {
    const { backfill } = spec.origin ?? {};
    if (backfill !== undefined) queue.add(objectKey({ name: backfill, namespace: metadata.namespace ?? '' }));
  };
  runs.subscribe({ added: ended, updated: ended, deleted });
  return controller;
}
