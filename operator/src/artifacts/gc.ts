import { policyKey, runPrefix } from './keys.ts';
import { mayGo, policyOf } from './policy.ts';
import { ListTooLongError, type ObjectStore } from './store.ts';
import { claimStore, keepPlace, placeIn } from './sweep-state.ts';
import { type LeftRun, runsIn } from './swept-runs.ts';

export interface Sweep {
  readonly namespace: string;
  /** Uids of the runs that exist. */
  readonly live: ReadonlySet<string>;
  /** Epoch milliseconds at which these were all: a run that began later is not among them. */
  readonly asOf: number;
  /** By how much the clocks of the store and of the cluster may differ, milliseconds. */
  readonly skewMs: number;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Uid of the cluster; undefined where it is not known, and the store is then taken for its own. */
  readonly cluster?: string | undefined;
  /** Asked before each run: once it is true, the next sweep continues there. */
  readonly isOver?: () => boolean;
}

export interface Swept {
  /** Deleted runs, objects and bytes. */
  readonly runs: number;
  readonly objects: number;
  readonly bytes: number;
  /** Whether another sweep has to continue: the list was too long, time was up, or the store was new. */
  readonly more: boolean;
  /** Uids of the first runs that were left because their policies cannot be read. */
  readonly unreadable: readonly string[];
}

/** Unreadable policies that are named. */
const MAX_NAMED = 5;

/**
 * Deletes the objects of runs that are gone, where their policies allow it. The first sweep of a store only marks it as the
 * store of this cluster: had two clusters begun at the same time, one of them finds the mark of the other before it deletes.
 * @throws ArtifactError when the store belongs to another cluster; StoreError
 */
export async function sweep(store: ObjectStore, plan: Sweep): Promise<Swept> {
  const { namespace, cluster, isOver = () => false } = plan;
  const total = { runs: 0, objects: 0, bytes: 0, more: false, unreadable: [] as string[] };
  if (cluster !== undefined && !(await claimStore(store, namespace, cluster))) return { ...total, more: true };
  let place = await placeIn(store, namespace);
  const begun = place;
  try {
    for await (const run of runsIn(store, namespace, place)) {
      if (isOver()) throw new ListTooLongError('the time of the sweep is up');
      await sweepRun(store, run, plan, total);
      place = run.lastKey;
    }
    place = undefined;
  } catch (error) {
    if (!(error instanceof ListTooLongError)) throw error;
    total.more = true;
  }
  if (place !== begun) await keepPlace(store, namespace, place);
  return total;
}

interface Total {
  runs: number;
  objects: number;
  bytes: number;
  unreadable: string[];
}

async function sweepRun(
  store: ObjectStore,
  { uid, objects, isWhole }: LeftRun,
  { namespace, live, asOf, skewMs, now }: Sweep,
  total: Total,
): Promise<void> {
  const changedAt = objects.reduce((latest, { modifiedAt }) => Math.max(latest, modifiedAt), 0);
  if (live.has(uid) || changedAt > asOf - skewMs) return;
  const policy = await policyOf(store, namespace, uid);
  if (!policy && total.unreadable.length < MAX_NAMED) total.unreadable.push(uid);
  if (!policy || !mayGo(policy, changedAt, now)) return;
  // The policy goes last, so that a sweep that is broken off leaves what the next one goes by.
  const last = policyKey(namespace, uid);
  const gone = objects.filter(({ key }) => key !== last);
  for (const { key } of gone) await store.delete(key);
  if (isWhole) await store.delete(last);
  if (isWhole) await store.abandon(runPrefix(namespace, uid));
  total.runs += isWhole ? 1 : 0;
  total.objects += isWhole ? objects.length : gone.length;
  total.bytes += objects.reduce((sum, { size }) => sum + size, 0);
}
