import type { WorkflowRun } from '../../../api/index.ts';
import { Controller, type ControllerOptions } from '../../../runtime/index.ts';
import type { Metrics } from '../../../telemetry/index.ts';
import { type AuditDeps, HistoryAudit, isDue } from './audit.ts';

/** One after the other: nobody waits for it. */
const CONCURRENCY = 1;
const STOP_MS = 200;

/** The audit of histories: every run with pages of history, once it has ended. */
export function auditController(
  deps: AuditDeps & { readonly metrics: Metrics },
  options: Pick<ControllerOptions, 'logger'>,
): Controller {
  const audit = new HistoryAudit(deps);
  const controller = new Controller({
    name: 'workflowrun-audit',
    reconcile: (key, context) => audit.reconcile(key, context),
    metrics: deps.metrics,
    clock: deps.clock,
    concurrency: CONCURRENCY,
    maxGraceMs: STOP_MS,
    ...options,
  });
  const ended = (key: string, run: WorkflowRun) => {
    if (isDue(run, deps.clock.now())) controller.queue.add(key, 'resync');
  };
  deps.stores.runs.subscribe({
    added: ended,
    updated: (key, run, previous) => {
      if (run.status?.finishedAt !== previous.status?.finishedAt) ended(key, run);
    },
  });
  return controller;
}
