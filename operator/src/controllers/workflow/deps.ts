import type { Attests, Proves } from '../../api/index.ts';
import type { Judging } from '../../judging/index.ts';
import type { Clock, KubeClient, Recorder } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Stores } from '../stores/stores.ts';
import type { AskForSecret } from './webhook-status.ts';

/** What the steps of a Workflow's reconcile need. */
export interface WorkflowDeps {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly recorder: Recorder;
  /** Whether the admission webhook vouches for who wrote what. */
  readonly attests: Attests;
  /** Vouches for what the operator itself made. */
  readonly proves: Proves;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly judging: Pick<Judging, 'workflow' | 'outer'>;
  /** Nothing where no webhooks are taken. */
  readonly askForSecret?: AskForSecret | undefined;
}
