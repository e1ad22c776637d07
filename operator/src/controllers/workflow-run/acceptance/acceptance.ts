/** The outcomes of accepting a run without a state: it starts, it waits, or it never starts. */
import type { Lineage, ObjectMeta, WorkflowRunStatus } from '../../../api/index.ts';
import type { RunState } from '../../../engine/index.ts';
import type { Pinned, Unpinned } from '../../stores/stores.ts';

/** Why a run cannot start now. */
export interface NotYet {
  readonly reason:
    | 'WorkflowNotFound'
    | 'WorkflowNotReady'
    | 'ConfigMapNotFound'
    | 'Queued'
    | 'ChainBusy'
    | Unpinned['reason'];
  readonly message: string;
  /** When no event tells that it can: milliseconds until it is looked at again. */
  readonly lookAgainAfter?: number;
}

/** Why a run cannot start whose Workflow is not cached. */
export const workflowNotFound = ({ name, namespace = '' }: Pick<ObjectMeta, 'name' | 'namespace'>): NotYet => ({
  reason: 'WorkflowNotFound',
  message: `Workflow ${name} not found in ${namespace}; create it`,
});

/** A run that is not to start at all. */
export interface Declined {
  readonly declined: 'ConcurrencySkipped';
  readonly message: string;
}

/** A run that can start: what it executes, and its state after its first events. */
export interface Accepted extends Pinned {
  readonly state: RunState;
  readonly encoded: readonly string[];
  /** The series of runs that it belongs to, if it repeats another. */
  readonly lineage: WorkflowRunStatus['origin'];
  /** Who asked for it, and for what it repeats. */
  readonly asked: Lineage;
}
