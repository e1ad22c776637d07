import type { ArtifactPolicy } from '../api/index.ts';
import { policyKey } from './keys.ts';
import { ArtifactError, type ObjectStore, readAll } from './store.ts';

const MAX_POLICY = 4096;
const DEFAULT_POLICY: ArtifactPolicy = { keep: 'WithRun' };

/** How long the artifacts of a run are kept; undefined when its policy.json cannot be read. @throws StoreError */
export async function policyOf(
  store: ObjectStore,
  namespace: string,
  uid: string,
): Promise<ArtifactPolicy | undefined> {
  const body = await store.get(policyKey(namespace, uid));
  if (!body) return DEFAULT_POLICY;
  try {
    const policy: unknown = JSON.parse((await readAll(body, MAX_POLICY)).toString());
    return isPolicy(policy) ? policy : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ArtifactError) return undefined;
    throw error;
  }
}

/** Whether artifacts that were last changed at `changedAt` may be deleted, now that their run is gone. Epoch milliseconds. */
export function mayGo(policy: ArtifactPolicy, changedAt: number, now: number): boolean {
  if (policy.keep === 'For') return now - changedAt > policy.ms;
  return policy.keep === 'WithRun';
}

function isPolicy(value: unknown): value is ArtifactPolicy {
  if (typeof value !== 'object' || value === null) return false;
  const { keep, ms } = value as Record<string, unknown>;
  return keep === 'WithRun' || keep === 'Forever' || (keep === 'For' && typeof ms === 'number' && ms >= 0);
}
