import { controllerOf, objectKey, type WorkflowRun } from '../../api/index.ts';
import { Controller, type ControllerOptions } from '../../runtime/index.ts';
import { affectedBy, watchTemplates } from '../template/references.ts';
import type { WorkflowDeps } from './deps.ts';
import { WorkflowReconciler } from './reconciler.ts';
import { isOwnedByRun } from './retention.ts';

/**
 * Sources and keys of the controller of Workflows: the workflows, the templates that they use, and their runs that have
 * ended (for retention).
 */
export function workflowController(
  deps: WorkflowDeps,
  options: Pick<ControllerOptions, 'logger' | 'concurrency'>,
): Controller {
  const reconciler = new WorkflowReconciler(deps);
  const controller = new Controller({
    name: 'workflow',
    reconcile: (key, context) => reconciler.reconcile(key, context),
    metrics: deps.metrics,
    clock: deps.clock,
    ...options,
  });
  const { queue } = controller;
  deps.stores.workflows.subscribe({
    added: (key) => queue.add(key),
    updated: (key) => queue.add(key),
    resynced: (key) => queue.add(key, 'resync'),
  });
  watchTemplates(deps.stores, (changed) => {
    for (const key of affectedBy(deps.stores, changed).workflows) queue.add(key, 'resync');
  });
  const ended = (_key: string, run: WorkflowRun) => {
    if (isOwnedByRun(run)) return;
    const owner = controllerOf(run.metadata)?.name ?? run.spec.workflowRef.name;
    if (run.status?.finishedAt)
      queue.add(objectKey({ name: owner, namespace: run.metadata.namespace ?? '' }), 'resync');
  };
  deps.stores.runs.subscribe({ added: ended, updated: ended });
  return controller;
}
