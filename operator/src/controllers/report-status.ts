import { type ConditionWish, mergeConditions, type ObjectMeta, type WorkflowStatus } from '../api/index.ts';
import { canonicalJson } from '../engine/index.ts';
import {
  type Clock,
  isInvalid,
  isPatchMismatch,
  type KubeClient,
  type ResourceType,
  WaitingError,
} from '../runtime/index.ts';
import { showStalled } from './stalled.ts';
import { timestamp } from './timestamp.ts';

const STALE_AGAIN_MS = 100;

interface Reported {
  readonly metadata: ObjectMeta;
  readonly status?: Pick<WorkflowStatus, 'conditions' | 'observedGeneration'> | undefined;
}

/**
 * The one status write of a reconcile, left out when it would change nothing: `news` over what is there, or over what is
 * `kept` of it, and the conditions.
 * @throws WaitingError when the object has changed since it was read
 * @throws ApiError when the API server rejects the status, after the object was shown as stalled
 */
export async function reportStatus(
  deps: { readonly client: KubeClient; readonly clock: Clock },
  type: ResourceType,
  object: Reported,
  { wishes, news, kept }: { readonly wishes: readonly ConditionWish[]; readonly news: object; readonly kept?: object },
  signal: AbortSignal,
): Promise<void> {
  const { client, clock } = deps;
  const { generation, resourceVersion } = object.metadata;
  const status = {
    ...(kept ?? object.status),
    ...news,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: mergeConditions(object.status?.conditions, wishes, generation, timestamp(clock.now())),
  };
  if (canonicalJson(status) === canonicalJson(object.status ?? {})) return;
  const operations = [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add', path: '/status', value: status },
  ] as const;
  try {
    await client.patch(type, object.metadata, { kind: 'json', operations }, { subresource: 'status', signal });
  } catch (error) {
    if (isPatchMismatch(error)) {
      throw new WaitingError('Collision', `the ${type.kind} changed concurrently; reading it again`, STALE_AGAIN_MS);
    }
    if (isInvalid(error)) await showStalled(deps, type, object, error, signal);
    throw error;
  }
}
