import { ANNOTATION_TASK, LABEL_ATTEMPT, objectKey, type WorkflowRun } from '../api/index.ts';
import { isSettled, isStarted } from '../engine/index.ts';
import { PODS_BY_RUN_UID, type Standing } from '../executors/index.ts';
import { observePod } from '../pods/index.ts';
import type { Clock } from '../runtime/index.ts';
import { storedState } from './stored-state.ts';
import type { Stores } from './stores.ts';

/** An attempt that holds something: permits of a Semaphore, or the right to compute a cached result. */
export interface HolderOf {
  readonly run: string;
  readonly uid: string;
  readonly path: string;
  readonly attempt: number;
}

/** Judges holders by what is stored of their runs. What cannot be read is held. */
export class Holders {
  readonly #stores: Pick<Stores, 'runs' | 'pods'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(stores: Pick<Stores, 'runs' | 'pods'>, clock: Pick<Clock, 'now'>) {
    this.#stores = stores;
    this.#clock = clock;
  }

  /**
   * What becomes of a holder. A pod that still runs holds, whatever its run says: a lock that is handed over while the
   * last holder is ending would be held twice.
   */
  standingOf(namespace: string, holder: HolderOf): Standing {
    if (this.#hasLivePod(holder)) return 'Held';
    const run = this.#runOf(namespace, holder);
    if (!run || run.status?.finishedAt !== undefined) return 'Free';
    const state = storedState(run);
    if (state === 'Unreadable') return 'Held';
    if (state === undefined) return 'Unstarted';
    if (isSettled(state, holder.path, holder.attempt)) return 'Free';
    return isStarted(state, holder.path, holder.attempt) ? 'Held' : 'Unstarted';
  }

  /** Whether a run may still want to start anything now. */
  mayStart(namespace: string, name: string, uid: string): boolean {
    const run = this.#runOf(namespace, { run: name, uid });
    if (!run || run.metadata.deletionTimestamp || run.status?.finishedAt !== undefined) return false;
    return run.spec.desiredState !== 'Paused' && run.spec.desiredState !== 'Terminated';
  }

  priorityOf(namespace: string, name: string): number {
    return this.#stores.runs.get(objectKey({ namespace, name }))?.spec.priority ?? 0;
  }

  #runOf(namespace: string, { run: name, uid }: Pick<HolderOf, 'run' | 'uid'>): WorkflowRun | undefined {
    const run = this.#stores.runs.get(objectKey({ namespace, name }));
    return run?.metadata.uid === uid ? run : undefined;
  }

  #hasLivePod({ uid, path, attempt }: HolderOf): boolean {
    return this.#stores.pods.byIndex(PODS_BY_RUN_UID, uid).some((pod) => {
      const { annotations, labels } = pod.metadata;
      if (annotations?.[ANNOTATION_TASK] !== path || labels?.[LABEL_ATTEMPT] !== String(attempt)) return false;
      const { phase } = observePod(pod, this.#clock.now());
      return phase === 'Pending' || phase === 'Running';
    });
  }
}
