import type { Hint } from './hint.ts';
import type { Outputs } from './history.ts';
import type { Reason } from './reasons.ts';
import type { SignalDecision } from './signal.ts';

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
      /** The task reads secrets: of the message nothing is quoted but outputs that are declared. */
      withheld?: true;
      /** Something that went wrong all the same. */
      hint?: Hint;
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
  | { phase: 'Hit'; outputs: Outputs; from: string }
  /** People or systems were asked: what they have answered so far, in the order of the object. */
  | { phase: 'Asked'; signal: { uid: string; name: string }; responses: readonly ObservedResponse[] };

/** The object that runs an attempt, made by the operator beyond doubt. */
export interface AttemptObject {
  /** The executor that knows such objects; a request over HTTP may be made by a Pod. */
  readonly backend: 'Pod' | 'Child' | 'Signal';
  readonly id: string;
}

/** A uid as it is recorded: short, since there is one for each attempt, and chosen by the API server, so never guessed. */
export const objectId = (uid: string): string => uid.slice(0, 8);

/** Who did something, and whether the admission webhook vouches for it. */
export interface ObservedUser {
  readonly username: string;
  readonly groups: readonly string[];
  readonly attested: boolean;
  /** Epoch milliseconds; only of what is attested. */
  readonly time?: number;
}

/** An answer as it is stored. */
export interface ObservedResponse extends ObservedUser {
  readonly decision?: SignalDecision;
  readonly comment?: string;
  readonly values?: Readonly<Record<string, string>>;
  /** Digest of what was shown to the user. */
  readonly digest?: string;
}

/** Data that was sent to the run and has not come to its end. */
export interface DataSignal {
  readonly uid: string;
  /** Name of the object. */
  readonly object: string;
  /** What tasks wait for. */
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly sender?: ObservedUser;
}

/** Of pods, and of a run that waits for what it is made of. */
export type WaitingReason =
  | 'Unschedulable'
  | 'ImagePull'
  | 'ContainerConfig'
  | 'CrashLoopBackOff'
  | 'InitContainerRunning'
  | 'FailedMount'
  | 'FailedAttachVolume'
  | 'FailedCreatePodSandBox'
  | 'WorkflowNotFound'
  | 'WorkflowNotReady'
  | 'ConfigMapNotFound';
