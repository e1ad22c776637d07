import { objectId, objectKey, type WorkflowRun } from '../api/index.ts';
import { FLAG_PROVEN, isSettled, isStarted, objectOf } from '../engine/index.ts';
import type { HolderState, Identities } from '../executors/index.ts';
import { observePod, type Pod, podName } from '../pods/index.ts';
import { type Clock, isControlledBy } from '../runtime/index.ts';
import { storedState } from './stores/stored-state.ts';
import type { Stores } from './stores/stores.ts';

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
  readonly #identities: Pick<Identities, 'isProven'>;

  constructor(
    stores: Pick<Stores, 'runs' | 'pods'>,
    clock: Pick<Clock, 'now'>,
    identities: Pick<Identities, 'isProven'>,
  ) {
    this.#stores = stores;
    this.#clock = clock;
    this.#identities = identities;
  }

  /**
   * What becomes of a holder. A pod that still runs holds, whatever its run says: a lock that is handed over while the
   * last holder is ending would be held twice. Only a pod that the operator made for that attempt does.
   */
  holderState(namespace: string, holder: HolderOf): HolderState {
    if (this.#hasLivePod(namespace, holder)) return 'Held';
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

  #hasLivePod(namespace: string, holder: HolderOf): boolean {
    const { run, uid, path, attempt } = holder;
    const pod = this.#stores.pods.get(objectKey({ namespace, name: podName(run, uid, path, attempt) }));
    if (!pod || !this.#isMadeFor(pod, namespace, holder)) return false;
    const { phase } = observePod(pod, this.#clock.now());
    return phase === 'Pending' || phase === 'Running';
  }

  #isMadeFor(pod: Pod, namespace: string, holder: HolderOf): boolean {
    const { metadata } = pod;
    if (this.#identities.isProven('Pod', metadata, { namespace, uid: holder.uid }, holder)) return true;
    const run = this.#runOf(namespace, holder);
    const state = run && storedState(run);
    if (!state || state === 'Unreadable') return false;
    const object = objectOf(state, holder.path, holder.attempt);
    if (object !== undefined) return object === objectId(metadata.uid ?? '');
    // Begun before there were proofs, and not looked at since.
    return !state.flags.includes(FLAG_PROVEN) && isControlledBy({ metadata }, holder.uid);
  }
}
