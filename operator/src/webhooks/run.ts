import { createHash } from 'node:crypto';
import {
  ANNOTATION_DIGEST,
  type Attests,
  joined,
  objectKey,
  type Proves,
  triggeredRun,
  type Webhook,
  type Workflow,
  type WorkflowRun,
  type WorkflowRunSpec,
} from '../api/index.ts';
import {
  isFromBefore,
  isMadeFor,
  lineageOfWorkflow,
  namesOfRun,
  type TriggerContext,
  triggerRunName,
  triggerValue,
} from '../engine/index.ts';
import { createNamed, type KubeClient, type ResourceType, type Store } from '../runtime/index.ts';
import type { Refused } from './response.ts';

/**
 * Headers that identify a delivery: two requests with the same value are one. The first header that is present counts.
 */
const DELIVERY_HEADERS = ['x-github-delivery', 'idempotency-key', 'webhook-id'];
const MAX_KEY_LENGTH = 1024;

/** The idempotency key of a request: requests with equal keys are one request. */
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
  if (value === null || key === '') return invalidKey('the idempotency key is empty');
  if (key.length > MAX_KEY_LENGTH) return invalidKey(`the idempotency key is longer than ${MAX_KEY_LENGTH} characters`);
  return { key: `computed:${key}` };
}

const invalidKey = (detail: string): Refused => ({
  status: 422,
  result: 'KeyInvalid',
  detail,
  field: 'idempotencyKey',
});

/** A request that starts a run. */
export interface Wanted {
  readonly workflow: Workflow;
  readonly webhook: Webhook;
  readonly key: string;
  readonly parameters: NonNullable<WorkflowRunSpec['parameters']>;
}

/** Identifies Workflow, trigger and key of a run. It distinguishes the run of an earlier request from a stranger. */
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
  /** Vouches for objects that the operator made. */
  readonly proves: Proves;
  /** Whether the admission webhook vouches for the writer of a Workflow. */
  readonly attests: Pick<Attests, 'writer'>;
}

/** The run of a request, and the strangers that have its candidate names. */
export interface RunOfRequest {
  /** Undefined where strangers have all candidate names. */
  readonly run?: string;
  readonly isNew: boolean;
  readonly strangers: readonly string[];
}

/**
 * Creates the run of a request, or finds the existing one. Its name is the lock: the first replica creates the run, all
 * others find it. A run of that name without a valid proof is a stranger.
 * @throws ApiError, ConnectionError; the run may exist then, and the next request with the same key finds it
 */
export async function makeRun(options: RunsOptions, wanted: Wanted): Promise<RunOfRequest> {
  const { client, type, runs, proves } = options;
  const { workflow } = wanted;
  const digest = digestOfRequest(wanted);
  const isOurs = (run: WorkflowRun) => isOfDigest(run, workflow, digest, proves);
  const names = namesOfRun(triggerRunName(workflow.metadata.name, digest), workflow, digest, proves);
  const { namespace = '' } = workflow.metadata;
  const known = names.map((name) => runs.get(objectKey({ namespace, name })));
  const before = known.find((run) => run && isOurs(run));
  if (before) return { run: before.metadata.name, isNew: false, strangers: [] };
  const build = (name: string) => buildRun(options, wanted, name, digest);
  const write = { urgency: 'high' } as const;
  const { object, isNew, strangers } = await createNamed(client, type, names, build, isOurs, write);
  return { ...(object ? { run: object.metadata.name } : {}), isNew, strangers };
}

/** Whether the run was made for this request. Runs that are older than proofs carry the digest as an annotation. */
function isOfDigest(run: WorkflowRun, workflow: Workflow, digest: string, proves: Proves): boolean {
  if (isMadeFor(run, workflow, digest, proves)) return true;
  return run.metadata.annotations?.[ANNOTATION_DIGEST] === digest && isFromBefore(workflow, run);
}

/** The requesters of the run are the trigger itself and the writer of the Workflow. */
function buildRun(
  { proves, attests }: RunsOptions,
  { workflow, webhook, parameters }: Wanted,
  name: string,
  key: string,
): WorkflowRun {
  const { namespace = '', name: of } = workflow.metadata;
  const trigger = { requesters: [`webhook:${namespace}/${of}/${webhook.name}`], unknown: false };
  const lineage = joined(trigger, lineageOfWorkflow(workflow, attests));
  const origin = { type: 'Webhook', trigger: webhook.name } as const;
  return triggeredRun(workflow, { name, origin, parameters, lineage, depth: 0, key }, proves);
}
