/**
 * The runtime: Kubernetes machinery that knows none of Ado's kinds. A client over one connection pool, reflectors that
 * keep stores equal to the cluster, work queues, controllers, leader election and the order in which all of it starts
 * and stops. Everything time-dependent takes a Clock; everything bounded documents its bound.
 *
 * Invariants:
 * 1. A key is reconciled by at most one worker at a time, and an add is never lost: it leads to a later reconcile.
 * 2. A store ends equal to the cluster whatever the watch does: the periodic list finds and repairs missed events, and an
 *    object that is recreated under its name is seen as a deletion and an addition.
 * 3. A reflector never ends before its signal aborts. Nothing here ends the process.
 * 4. Resource versions are opaque strings: stored, compared for equality, sent back; never parsed or ordered.
 * 5. The client resends a request only if the server answered that it did not process it. `isTimeoutOrUnknownOutcome`
 *    decides whether a failed write may have been committed; nothing guesses it.
 * 6. An error of a reconcile becomes a retry, a wait or an end in one place: the table in `reconcile-error.ts`.
 * 7. A process is leader only while the monotonic time since its last renewal was sent is below the renew deadline;
 *    once lost, leadership does not come back to the same process.
 * 8. Bodies, lines, queues, waits and caches have limits; delays are safe beyond 2^31 ms.
 */

export { isControlledBy, type KubeObject, type ObjectRef, parseKey } from '../objects/index.ts';
export { type AccessRule, AccessTable, type Verb } from './access.ts';
export {
  type CallOptions,
  type ClientOptions,
  type DeleteOptions,
  type JsonPatchOperation,
  KubeClient,
  type ListQuery,
  type Patch,
  type WatchOptions,
  type WatchQuery,
  type WriteOptions,
} from './client.ts';
export { type Clock, MAX_TIMEOUT_MS, microTime, realClock, type Timer } from './clock.ts';
export {
  Controller,
  type ControllerOptions,
  type Reconcile,
  type ReconcileContext,
  type Result,
} from './controller.ts';
export { createNamed, type Named } from './create-named.ts';
export { Discovery } from './discovery.ts';
export * from './errors.ts';
export { type HealthCheck, HealthServer } from './health.ts';
export { type KeepLookingOptions, keepLooking } from './keep-looking.ts';
export { loadKubeConfig } from './kubeconfig.ts';
export { LeaderElector, type LeaderOptions } from './leader.ts';
export { type Ending, type Listener, Manager, type ManagerOptions, type Source, type Worker } from './manager.ts';
export {
  AdoOperator,
  type AdoOperatorOptions,
  type OnEvent,
  type ResourceEvent,
  ResourceEventType,
  type ResourceMeta,
} from './operator.ts';
export { classify, type ErrorPolicy, TerminalError, WaitingError } from './reconcile-error.ts';
export {
  type EventType,
  KubeRecorder,
  type Recorder,
  type RecorderOptions,
} from './recorder.ts';
export { Reflector } from './reflector.ts';
export type { ReflectorOptions } from './reflector-options.ts';
export * from './resource.ts';
export {
  type Entry,
  type IndexFunction,
  type ReplaceResult,
  Store,
  type StoreHandler,
  type StoreOptions,
} from './store.ts';
export { type Priority, Workqueue, type WorkqueueOptions } from './workqueue.ts';
