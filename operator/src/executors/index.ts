/**
 * How the attempts of tasks are started, observed, cancelled and let go: one interface, one file for each backend.
 *
 * 1. Every method may be called again at any time; doing it twice is doing it once.
 * 2. A name belongs to one attempt of one run; what has the name without the operator's proof is a stranger's, and so is
 *    what was made again under it. Strangers count for nothing and hold nothing up.
 * 3. Nothing is let go before the state says that it is settled.
 * 4. An attempt that is missing is lost only after a live read has said so.
 * 5. What a task applies is applied as a service account that the namespace lists, never as the operator, and nowhere where
 *    Kubernetes or the operator runs.
 * 6. A pod in which containers of others go on when its task has ended is ended, and kept where pods are kept.
 * 7. What an attempt claims (permits, the right to compute a result) is stored before the attempt is started.
 */
export { artifactPolicy } from './artifact-policy.ts';
export { CacheSweep, type CacheSweepOptions } from './cache/cache-sweep.ts';
export type { CacheHolder } from './cache/entry.ts';
export { CacheExecutor, type CacheOptions, type CachePolicy } from './cache-executor.ts';
export {
  CHILDREN_BY_RUN_UID,
  ChildExecutor,
  type ChildExecutorOptions,
  MAX_DEPTH,
  parentUidOf,
} from './child-executor.ts';
export { earliest } from './earliest.ts';
export type {
  Attempt,
  Executor,
  Hit,
  LiveAttempt,
  Observation,
  Refusal,
  RunContext,
  Seen,
  StartRequest,
  Stranger,
} from './executor.ts';
export { CACHE_LAG_MS } from './expectations.ts';
export { HttpExecutor, type HttpExecutorOptions } from './http-executor.ts';
export { attemptOf, Identities } from './identity.ts';
export { type Archived, LogArchiver, type LogArchiverOptions } from './log-archiver.ts';
export { PermitExecutor } from './permit-executor.ts';
export { type HolderState, Ledger, type LedgerOptions } from './permits/ledger.ts';
export { type ArtifactSettings, PODS_BY_RUN_UID, PodExecutor, type PodExecutorOptions } from './pod-executor.ts';
export { refusalOf } from './refusal.ts';
export { ResourceExecutor, type ResourceExecutorOptions } from './resource-executor.ts';
export type { Evaluate } from './resource-verdict.ts';
export { podRetention } from './retention.ts';
export { SignalExecutor, type SignalExecutorOptions } from './signal-executor.ts';
export { signalObjectName } from './signal-name.ts';
export { type Asking, isAskedBy, isMadeFor, observeUser } from './signal-object.ts';
export { type BackendExecutor, type BackendExecutors, ExecutorSwitch } from './switch.ts';
