import { clusterKey, placeKey } from './keys.ts';
import { ArtifactError, type ObjectStore, once, readAll } from './store.ts';

const MAX_BYTES = 4096;

/**
 * Whether the objects of a namespace have been this cluster's since an earlier sweep. Where no cluster has claimed them,
 * this one does, and the answer is no.
 * @throws ArtifactError when they belong to another cluster; StoreError
 */
export async function claimStore(store: ObjectStore, namespace: string, cluster: string): Promise<boolean> {
  const key = clusterKey(namespace);
  const owner = await read(store, key);
  if (owner === undefined) {
    await write(store, key, { cluster });
    return false;
  }
  if (owner.cluster === cluster) return true;
  const other = typeof owner.cluster === 'string' ? `cluster ${owner.cluster.slice(0, 100)}` : 'no cluster';
  throw new ArtifactError(
    `nothing is deleted from the store: ${key} in it names ${other}, and this is cluster ${cluster}; ` +
      'give each cluster a prefix of its own, or delete that object if the other cluster no longer uses the store',
  );
}

/** The key after which the next sweep continues; undefined for the beginning. @throws StoreError */
export async function placeIn(store: ObjectStore, namespace: string): Promise<string | undefined> {
  const { after } = (await read(store, placeKey(namespace))) ?? {};
  return typeof after === 'string' && after.startsWith(`${namespace}/`) ? after : undefined;
}

/** Keeps the key after which the next sweep continues. @throws StoreError */
export async function keepPlace(store: ObjectStore, namespace: string, after: string | undefined): Promise<void> {
  const key = placeKey(namespace);
  if (after === undefined) await store.delete(key);
  else await write(store, key, { after });
}

const write = (store: ObjectStore, key: string, value: unknown) =>
  store.put(key, once(Buffer.from(JSON.stringify(value))));

/** The fields of a small object: none if it cannot be read, undefined if it does not exist. */
async function read(store: ObjectStore, key: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const body = await store.get(key);
  if (!body) return undefined;
  try {
    const value: unknown = JSON.parse((await readAll(body, MAX_BYTES)).toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ArtifactError) return {};
    throw error;
  }
}
