/**
 * The reconcilers: only here the engine meets the runtime. One folder a kind: its controller (sources, keys), what it
 * observes, applies and reports.
 *
 * 1. Observe, decide, apply, report, in that order; deciding is the engine's.
 * 2. One status write a reconcile, conditional on what was observed, and nothing is told (Events, metrics) before it.
 * 3. No decision on a state older than the last one written; after a doubtful write the object is read first.
 * 4. A pod is let go of only when the stored state has its result, or its run is gone by a live read.
 * 5. Every call is a row of the table in access.ts.
 */

export {
  CLUSTER_ACCESS,
  NAMESPACED_ACCESS,
  OWN_NAMESPACE_ACCESS,
  RESOURCE_TASK_ACCESS,
  WEBHOOK_ACCESS,
} from './access.ts';
export { sweepController } from './artifact-sweep/controller.ts';
export type { SweepSettings } from './artifact-sweep/sweeper.ts';
export { backfillController } from './backfill/controller.ts';
export { cacheSweepController } from './cache-sweep/controller.ts';
export { completionController } from './completion/controller.ts';
export { type HolderOf, Holders } from './holders.ts';
export { tellOfTakenNames } from './name-taken.ts';
export {
  BACKFILLS,
  CLUSTER_WORKFLOW_TEMPLATES,
  RUN_JOURNALS,
  SEMAPHORES,
  SIGNALS,
  WORKFLOW_RUNS,
  WORKFLOW_TEMPLATES,
  WORKFLOWS,
} from './resources.ts';
export { semaphoreController } from './semaphore/controller.ts';
export { signalController } from './signal/controller.ts';
export { createReflectors, type ReflectorSettings, type Stores } from './stores/stores.ts';
export { templateControllers } from './template/controller.ts';
export { workflowController } from './workflow/controller.ts';
export type { AskForSecret } from './workflow/webhook-status.ts';
export { runController } from './workflow-run/controller.ts';
export { RunMemories } from './workflow-run/memory.ts';
export { auditController } from './workflow-run/upkeep/audit-controller.ts';
export { upkeepController } from './workflow-run/upkeep/upkeep-controller.ts';
