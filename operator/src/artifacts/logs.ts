import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ArtifactPolicy } from '../api/index.ts';
import { type AttemptAddress, logKey, policyKey } from './keys.ts';
import { type ObjectStore, once, readAll } from './store.ts';

/** Where logs outlive their pods. */
export interface LogStore {
  /** @throws StoreError */
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
}

const MAX_STORED = 4 * 1024 * 1024;
const MAX_TEXT = 16 * 1024 * 1024;
const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Logs in a store of artifacts. */
export function logStore(store: ObjectStore): LogStore {
  return {
    put: async (key, bytes) => void (await store.put(key, once(bytes))),
    get: async (key) => {
      const body = await store.get(key);
      return body && (await readAll(body, MAX_STORED));
    },
  };
}

/** Stores the log of an attempt, packed, and its policy if that keeps it longer than its run. */
export async function keepLog(
  store: LogStore,
  address: AttemptAddress,
  text: string,
  policy: ArtifactPolicy = { keep: 'WithRun' },
): Promise<void> {
  if (policy.keep !== 'WithRun') {
    await store.put(policyKey(address.namespace, address.runUid), Buffer.from(JSON.stringify(policy)));
  }
  await store.put(logKey(address), await pack(text));
}

/** The log of an attempt, if it was kept. */
export async function readLog(store: LogStore, address: AttemptAddress): Promise<string | undefined> {
  const bytes = await store.get(logKey(address));
  return bytes && (await unpack(bytes, { maxOutputLength: MAX_TEXT })).toString();
}
