import { continuedAs, controllerOf, LABEL_WORKFLOW, objectKey, type WorkflowRun } from '../../api/index.ts';
import { affectedBy, type Revision, watchTemplates } from '../../definitions/index.ts';
import { Controller, type ControllerOptions } from '../../runtime/index.ts';
import { BY_COMPLETION_SOURCE } from '../stores/completion-sources.ts';
import type { WorkflowDeps } from './deps.ts';
import { WorkflowReconciler } from './reconciler.ts';
import { isOwnedByRun } from './retention.ts';

const BACKOFF_CAP_MS = 10_000;

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
    // A slot does not wait for long when the server is back.
    queue: { backoffCapMs: BACKOFF_CAP_MS },
    ...options,
  });
  const { queue } = controller;
  deps.stores.workflows.subscribe({
    added: (key) => queue.add(key),
    updated: (key) => queue.add(key),
    deleted: (key) => queue.add(key),
    resynced: (key) => queue.add(key, 'resync'),
  });
  watchTemplates(deps.stores, (changed) => {
    for (const key of affectedBy(deps.stores, changed).workflows) queue.add(key, 'resync');
  });
  // One that is gone is pinned again; one that somebody changed is told.
  const ofRevision = (_key: string, { metadata: { labels, namespace = '' } }: Revision) =>
    queue.add(objectKey({ name: labels?.[LABEL_WORKFLOW] ?? '', namespace }), 'resync');
  deps.stores.revisions.subscribe({ updated: ofRevision, deleted: ofRevision });
  const ended = (_key: string, run: WorkflowRun) => {
    const isLink = continuedAs(run) !== undefined;
    if (isOwnedByRun(run) && !isLink) return;
    const owner = isLink ? undefined : controllerOf(run.metadata)?.name;
    if (run.status?.finishedAt)
      queue.add(
        objectKey({ name: owner ?? run.spec.workflowRef.name, namespace: run.metadata.namespace ?? '' }),
        'resync',
      );
  };
  // Where slots wait for the end of a run, it may end by being deleted.
  const deleted = (_key: string, { metadata, spec }: WorkflowRun) => {
    const { namespace = '' } = metadata;
    if (spec.origin?.type === 'Schedule') queue.add(objectKey({ name: spec.workflowRef.name, namespace }), 'resync');
  };
  // The runs that triggers made of this one may be deleted only now.
  const letGo = ({ metadata: { namespace = '' }, spec }: WorkflowRun) => {
    const source = objectKey({ name: spec.workflowRef.name, namespace });
    for (const key of deps.stores.workflows.keysByIndex(BY_COMPLETION_SOURCE, source)) queue.add(key, 'resync');
  };
  deps.stores.runs.subscribe({
    added: ended,
    updated: (key, run, before) => {
      ended(key, run);
      if (run.status?.completions?.length !== before.status?.completions?.length) letGo(run);
    },
    deleted: (key, run) => {
      deleted(key, run);
      letGo(run);
    },
  });
  return controller;
}
