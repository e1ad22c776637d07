import { type Condition, type ConditionWish, mergeConditions, type ObjectMeta, type Reason } from '../api/index.ts';
import { canonicalJson } from '../engine/index.ts';
import { ApiError, type Clock, type KubeClient, type ResourceType } from '../runtime/index.ts';
import { timestamp } from './timestamp.ts';

interface Shown {
  readonly metadata: ObjectMeta;
  readonly status?: { readonly conditions?: Condition[] | undefined } | undefined;
}

const REASON: Reason = 'StatusRejected';
const MAX_ANSWER = 1024;
/** What the conditions below replace; all others stay as they are. */
const REPLACED: ReadonlySet<string> = new Set<ConditionWish['type']>(['Ready', 'Reconciling', 'Stalled']);

/**
 * Shows that the API server rejects the status of an object: `Stalled`, with its answer and the remedy, over the stored
 * status. The next status that is accepted replaces it. Written once for each answer; a refusal of this write too is left
 * to the log, which has the first one.
 */
export async function showStalled(
  { client, clock }: { readonly client: Pick<KubeClient, 'patch'>; readonly clock: Clock },
  type: ResourceType,
  { metadata, status }: Shown,
  cause: ApiError,
  signal: AbortSignal,
): Promise<void> {
  const before = status?.conditions ?? [];
  const answer = cause.message.slice(0, MAX_ANSWER);
  const message = `the API server rejects the status: ${answer}; update the CRDs, or change the rule that rejects it`;
  const wishes: ConditionWish[] = [
    { type: 'Ready', status: 'False', reason: REASON, message },
    { type: 'Stalled', status: 'True', reason: REASON, message },
  ];
  const conditions = [
    ...before.filter((each) => !REPLACED.has(each.type)),
    ...mergeConditions(before, wishes, metadata.generation, timestamp(clock.now())),
  ];
  if (canonicalJson(conditions) === canonicalJson(before)) return;
  const operations = [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    status
      ? ({ op: 'add', path: '/status/conditions', value: conditions } as const)
      : ({ op: 'add', path: '/status', value: { conditions } } as const),
  ] as const;
  try {
    await client.patch(
      type,
      metadata,
      { kind: 'json', operations },
      { subresource: 'status', signal, answer: 'Unread' },
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
