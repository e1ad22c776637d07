import type { Outputs } from './history.ts';
import type { Reason } from './reasons.ts';

/**
 * What an executor saw of one attempt. The same words for every executor, so that the engine does not know what runs
 * a task. Times are epoch milliseconds by the node's clock.
 */
export type AttemptObservation =
  | { phase: 'Pending'; reason?: WaitingReason; message?: string; since: number }
  | { phase: 'Running'; startedAt: number }
  | {
      phase: 'Succeeded';
      /** What a pod wrote to $ADO_OUTPUTS; empty where `outputs` says it. */
      message: string;
      /** The outputs as values, from executors that have no text. */
      outputs?: Outputs;
      startedAt?: number;
      finishedAt?: number;
    }
  | {
      phase: 'Failed';
      cause: 'User' | 'Infrastructure';
      reason: Reason;
      message: string;
      exitCode?: number;
      /** The node that ran it. */
      node?: string;
      startedAt?: number;
      finishedAt?: number;
    }
  /** Confirmed by a live read: the attempt was started and is gone without a result. */
  | { phase: 'Lost' }
  /** Not in the cache yet, and nothing can be said of it. */
  | { phase: 'Unknown' }
  /** The create was refused in this reconcile; `retry`: it may be taken later. */
  | { phase: 'Refused'; reason: Reason; message: string; retry: boolean }
  /** The start found the result of an earlier attempt in the cache; `from` says whose: `<run>/<path>`. */
  | { phase: 'Hit'; outputs: Outputs; from: string };

/** Of pods, and of a run that waits for what it is made of. */
export type WaitingReason =
  | 'Unschedulable'
  | 'ImagePull'
  | 'ContainerConfig'
  | 'WorkflowNotFound'
  | 'WorkflowNotReady'
  | 'ConfigMapNotFound';
