import type { Attests, Proves } from '../../api/index.ts';
import type { Plans } from '../../definitions/index.ts';
import type { CacheExecutor, Executor, Identities } from '../../executors/index.ts';
import type { Clock, KubeClient, Recorder } from '../../runtime/index.ts';
import type { Metrics } from '../../telemetry/index.ts';
import type { Stores } from '../stores/stores.ts';
import type { RunMemories } from './memory.ts';

/** What the steps of a run's reconcile need. */
export interface RunDeps {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly executor: Executor;
  /** Which objects the operator made for attempts. */
  readonly identities: Identities;
  /** Takes in the results that were stored, where tasks have a cache. */
  readonly cache?: Pick<CacheExecutor, 'recorded'>;
  /** Whether the admission webhook vouches for what objects say of people. */
  readonly attests: Attests;
  /** Vouches for what the operator itself made. */
  readonly proves: Proves;
  readonly plans: Plans;
  readonly memories: RunMemories;
  readonly recorder: Recorder;
  readonly metrics: Metrics;
  readonly clock: Clock;
}
