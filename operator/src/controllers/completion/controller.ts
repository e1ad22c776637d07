import { objectKey, type Workflow, type WorkflowRun } from '../../api/index.ts';
import { type Clock, Controller, type ControllerOptions } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import { BY_COMPLETION_SOURCE, completionSources } from '../stores/completion-sources.ts';
import { RUNS_BY_WORKFLOW } from '../stores/stores.ts';
import { awaiting } from './awaiting.ts';
import { type CompletionDeps, CompletionReconciler } from './reconciler.ts';

const AT_ONCE = 16;

/** Sources and keys of the controller of completion triggers: runs that have ended, by the triggers that wait for them. */
export function completionController(
  deps: CompletionDeps & { readonly metrics: Metrics; readonly clock: Clock },
  options: Pick<ControllerOptions, 'logger'>,
): Controller {
  const reconciler = new CompletionReconciler(deps);
  const controller = new Controller({
    name: 'completion',
    reconcile: (key, context) => reconciler.reconcile(key, context),
    metrics: deps.metrics,
    clock: deps.clock,
    concurrency: AT_ONCE,
    ...options,
  });
  const { workflows, runs } = deps.stores;
  const ended = (key: string, run: WorkflowRun) => {
    if (run.status?.finishedAt === undefined) return;
    const source = objectKey({ name: run.spec.workflowRef.name, namespace: run.metadata.namespace ?? '' });
    if (workflows.byIndex(BY_COMPLETION_SOURCE, source).some((target) => awaiting(target, run).length > 0)) {
      controller.queue.add(key);
    }
  };
  const changed = (_key: string, target: Workflow) => {
    for (const source of completionSources(target)) {
      for (const run of runs.byIndex(RUNS_BY_WORKFLOW, source)) {
        if (awaiting(target, run).length > 0) controller.queue.add(objectKey(run.metadata));
      }
    }
  };
  runs.subscribe({ added: ended, updated: ended, resynced: ended });
  workflows.subscribe({ added: changed, updated: changed });
  return controller;
}
