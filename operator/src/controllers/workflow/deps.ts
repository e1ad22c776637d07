import type { Clock, KubeClient, Recorder } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Stores } from '../stores.ts';

/** What the steps of a Workflow's reconcile need. */
export interface WorkflowDeps {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly recorder: Recorder;
  readonly metrics: Metrics;
  readonly clock: Clock;
}
