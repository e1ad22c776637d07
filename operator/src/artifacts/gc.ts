import type { ArtifactPolicy } from '../api/index.ts';
import { policyKey, runPrefix, runUidOf } from './keys.ts';
import { type ObjectStore, readAll, type StoredObject } from './store.ts';

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
}

export interface Swept {
  readonly runs: number;
  readonly objects: number;
  readonly bytes: number;
}

const MAX_POLICY = 4096;
const DEFAULT_POLICY: ArtifactPolicy = { keep: 'WithRun' };

/** Deletes what runs that are gone have left, as far as their policies let it go. @throws StoreError */
export async function sweep(store: ObjectStore, { namespace, live, asOf, skewMs, now }: Sweep): Promise<Swept> {
  const total = { runs: 0, objects: 0, bytes: 0 };
  for (const [uid, objects] of await objectsByRun(store, namespace)) {
    const changedAt = Math.max(...objects.map(({ modifiedAt }) => modifiedAt));
    if (live.has(uid) || changedAt > asOf - skewMs) continue;
    if (!mayGo(await policyOf(store, namespace, uid), changedAt, now)) continue;
    for (const { key } of inOrder(objects, policyKey(namespace, uid))) await store.delete(key);
    await store.abandon(runPrefix(namespace, uid));
    total.runs += 1;
    total.objects += objects.length;
    total.bytes += objects.reduce((sum, { size }) => sum + size, 0);
  }
  return total;
}

async function objectsByRun(store: ObjectStore, namespace: string): Promise<Map<string, StoredObject[]>> {
  const runs = new Map<string, StoredObject[]>();
  for await (const object of store.list(`${namespace}/`)) {
    const uid = runUidOf(object.key);
    if (uid === undefined) continue;
    const known = runs.get(uid);
    if (known) known.push(object);
    else runs.set(uid, [object]);
  }
  return runs;
}

async function policyOf(store: ObjectStore, namespace: string, uid: string): Promise<ArtifactPolicy> {
  const body = await store.get(policyKey(namespace, uid));
  return body ? (JSON.parse((await readAll(body, MAX_POLICY)).toString()) as ArtifactPolicy) : DEFAULT_POLICY;
}

function mayGo(policy: ArtifactPolicy, changedAt: number, now: number): boolean {
  if (policy.keep === 'For') return now - changedAt > policy.ms;
  return policy.keep === 'WithRun';
}

/** The policy goes last: a sweep that is broken off leaves what tells the next one how to go on. */
const inOrder = (objects: readonly StoredObject[], last: string): StoredObject[] =>
  [...objects].sort((a, b) => Number(a.key === last) - Number(b.key === last));
