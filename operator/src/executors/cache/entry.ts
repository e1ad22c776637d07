import {
  ANNOTATION_DIGEST,
  ANNOTATION_HOLDER,
  ANNOTATION_MAX_AGE,
  ANNOTATION_PROOF,
  type Claimed,
  LABEL_CACHE,
  LABEL_MANAGED_BY,
  LABEL_RUN_UID,
  MANAGED_BY,
  type ObjectMeta,
  type Outputs,
  type Proves,
} from '../../api/index.ts';
import type { Attempt, RunContext } from '../executor.ts';
import { sha256Of } from '../sha256.ts';

/** A ConfigMap that holds a cached result, or the right to compute it. */
export interface CacheMap {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  data?: Record<string, string>;
}

/** Who computes a result. */
export interface CacheHolder {
  readonly run: string;
  readonly uid: string;
  readonly path: string;
  readonly attempt: number;
  /** When it began, as RFC 3339. */
  readonly since: string;
}

/** A ConfigMap as it is read: what cannot be read of it is absent. */
export interface CacheEntry {
  /** Whether the operator wrote all of it, under this name and in this namespace. Nothing else of it counts otherwise. */
  readonly isProven: boolean;
  readonly digest: string | undefined;
  readonly holder: CacheHolder | undefined;
  readonly result: { readonly outputs: Outputs; readonly from: string; readonly at: number } | undefined;
  readonly maxAgeMs: number;
}

export const nameOfEntry = (digest: string): string => `ado-cache-${digest.slice(0, 16)}`;

/** The ConfigMap of a result that somebody begins to compute; creating it is the lock. */
export function pendingEntry(
  proves: Proves,
  { name: run, namespace, uid }: RunContext,
  { path, attempt }: Attempt,
  { digest, maxAgeMs, now }: { digest: string; maxAgeMs: number; now: number },
): CacheMap {
  const holder: CacheHolder = { run, uid, path, attempt, since: `${new Date(now).toISOString().slice(0, 19)}Z` };
  const annotations = {
    [ANNOTATION_DIGEST]: digest,
    [ANNOTATION_HOLDER]: JSON.stringify(holder),
    [ANNOTATION_MAX_AGE]: String(maxAgeMs),
  };
  const labels = { [LABEL_CACHE]: digest.slice(0, 16), [LABEL_MANAGED_BY]: MANAGED_BY, [LABEL_RUN_UID]: uid };
  return proven(proves, { metadata: { name: nameOfEntry(digest), namespace, labels, annotations } });
}

/** The same ConfigMap with the result. */
export function filledEntry(
  proves: Proves,
  { metadata }: CacheMap,
  holder: CacheHolder,
  { outputs, now }: { outputs: Outputs; now: number },
): CacheMap {
  const { [LABEL_RUN_UID]: _uid, ...labels } = metadata.labels ?? {};
  const from = `${holder.run}/${holder.path}`;
  const data = { outputs: JSON.stringify(outputs), from, at: new Date(now).toISOString() };
  return proven(proves, { metadata: { ...metadata, labels }, data });
}

export function readEntry(proves: Proves, map: CacheMap): CacheEntry {
  const { metadata, data } = map;
  const annotations = metadata.annotations ?? {};
  const proof = annotations[ANNOTATION_PROOF];
  return {
    isProven: proof !== undefined && proves.proves(proof, claimOf(map)),
    digest: annotations[ANNOTATION_DIGEST],
    holder: holderOf(annotations[ANNOTATION_HOLDER]),
    result: resultOf(data),
    maxAgeMs: Number(annotations[ANNOTATION_MAX_AGE] ?? 0),
  };
}

/** All that is read of an entry, and where it is: moved, renamed or mixed from two it is another one. */
function claimOf({ metadata: { namespace, name, annotations = {} }, data }: CacheMap): Claimed {
  return {
    ...{ of: 'cache', namespace, name },
    ...{ key: annotations[ANNOTATION_DIGEST], holder: annotations[ANNOTATION_HOLDER] },
    maxAge: annotations[ANNOTATION_MAX_AGE],
    ...(data && { outputs: sha256Of(data.outputs ?? ''), from: data.from, at: data.at }),
  };
}

function proven(proves: Proves, map: CacheMap): CacheMap {
  const annotations = { ...map.metadata.annotations, [ANNOTATION_PROOF]: proves.code(claimOf(map)) };
  return { ...map, metadata: { ...map.metadata, annotations } };
}

function holderOf(text: string | undefined): CacheHolder | undefined {
  const holder = objectOf(text) as Partial<CacheHolder> | undefined;
  const isWhole = typeof holder?.uid === 'string' && typeof holder.path === 'string' && typeof holder.run === 'string';
  return isWhole ? ({ attempt: 0, since: '', ...holder } as CacheHolder) : undefined;
}

function resultOf(data: CacheMap['data']): CacheEntry['result'] {
  const outputs = objectOf(data?.outputs) as Outputs | undefined;
  const at = Date.parse(data?.at ?? '');
  return outputs && Number.isFinite(at) ? { outputs, from: (data?.from ?? '').slice(0, 600), at } : undefined;
}

/** The JSON object in a text that people may have edited. */
function objectOf(text: string | undefined): object | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
