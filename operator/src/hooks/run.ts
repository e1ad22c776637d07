import { createHash } from 'node:crypto';
import {
  ANNOTATION_DIGEST,
  objectKey,
  triggeredRun,
  type Webhook,
  type Workflow,
  type WorkflowRun,
  type WorkflowRunSpec,
} from '../api/index.ts';
import { type TriggerContext, triggerRunNames, triggerValue } from '../engine/index.ts';
import { isAlreadyExists, isNotFound, type KubeClient, type ResourceType, type Store } from '../runtime/index.ts';
import type { Refused } from './answer.ts';

/** Headers by which senders say that two requests are one, in the order in which they count. */
const DELIVERY_HEADERS = ['x-github-delivery', 'idempotency-key', 'webhook-id'];
const MAX_KEY_LENGTH = 1024;

/** What tells requests apart: those with equal keys are one request. */
export function keyOf({ idempotencyKey }: Webhook, context: TriggerContext, bytes: Buffer): { key: string } | Refused {
  if (idempotencyKey !== undefined) return computedKey(idempotencyKey, context);
  const header = DELIVERY_HEADERS.find((name) => context.headers?.[name]);
  if (header !== undefined) return { key: `${header}:${context.headers?.[header]}` };
  return { key: `body:${createHash('sha256').update(bytes).digest('hex')}` };
}

function computedKey(source: string, context: TriggerContext): { key: string } | Refused {
  const computed = triggerValue('idempotencyKey', source, context);
  if ('field' in computed) return invalidKey(computed.message);
  const { value } = computed;
  const key = typeof value === 'string' ? value : JSON.stringify(value);
  if (value === null || key === '') return invalidKey('the key is empty, so it tells no requests apart');
  if (key.length > MAX_KEY_LENGTH) return invalidKey(`the key has more than ${MAX_KEY_LENGTH} characters`);
  return { key: `computed:${key}` };
}

const invalidKey = (detail: string): Refused => ({
  status: 422,
  result: 'KeyInvalid',
  detail,
  field: 'idempotencyKey',
});

/** A request that is to make a run. */
export interface Wanted {
  readonly workflow: Workflow;
  readonly webhook: Webhook;
  readonly key: string;
  readonly parameters: NonNullable<WorkflowRunSpec['parameters']>;
}

/** Says of which Workflow, trigger and key a run is: AlreadyExists is told from a stranger by it. */
export function digestOfRequest({ workflow, webhook, key }: Omit<Wanted, 'parameters'>): string {
  return createHash('sha256')
    .update(JSON.stringify([workflow.metadata.uid, webhook.name, key]))
    .digest('hex');
}

export interface RunsOptions {
  readonly client: Pick<KubeClient, 'create' | 'get'>;
  readonly runs: Store<WorkflowRun>;
  /** WorkflowRuns, as the client addresses them. */
  readonly type: ResourceType;
}

/**
 * Makes the run of a request, or finds the one that was made for it before. Its name is the lock: whichever replica is
 * asked first makes it, and all others find it.
 * @throws ApiError, ConnectionError; then the run may have been made, and the next request with the key finds it
 */
export async function makeRun(
  options: RunsOptions,
  wanted: Wanted,
): Promise<{ run: string; isNew: boolean } | undefined> {
  const digest = digestOfRequest(wanted);
  for (const name of triggerRunNames(wanted.workflow.metadata.name, digest)) {
    const run = buildRun(wanted, name, digest);
    const known = options.runs.get(objectKey(run.metadata));
    if (known && isOfDigest(known, digest)) return { run: name, isNew: false };
    if (known) continue;
    const made = await make(options, run, digest);
    if (made !== 'Taken') return { run: name, isNew: made === 'Made' };
  }
  return undefined;
}

const isOfDigest = ({ metadata }: WorkflowRun, digest: string) => metadata.annotations?.[ANNOTATION_DIGEST] === digest;

async function make(
  { client, type }: RunsOptions,
  run: WorkflowRun,
  digest: string,
): Promise<'Made' | 'Found' | 'Taken'> {
  try {
    await client.create(type, run, { urgency: 'high', answer: 'Unread' });
    return 'Made';
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  try {
    const existing = await client.get<WorkflowRun>(type, run.metadata);
    return isOfDigest(existing, digest) ? 'Found' : 'Taken';
  } catch (error) {
    // Deleted since: somebody made it, and it is over.
    if (isNotFound(error)) return 'Found';
    throw error;
  }
}

function buildRun({ workflow, webhook, parameters }: Wanted, name: string, digest: string): WorkflowRun {
  const origin = { type: 'Webhook', trigger: webhook.name } as const;
  return triggeredRun(workflow, { name, origin, parameters, annotations: { [ANNOTATION_DIGEST]: digest } });
}
