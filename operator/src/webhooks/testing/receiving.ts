import { createHmac } from 'node:crypto';
import {
  API_VERSION,
  objectKey,
  type Proves,
  UNATTESTED,
  type Webhook,
  type Workflow,
  type WorkflowRun,
} from '../../api/index.ts';
import { ApiError, type KubeObject, realClock, Store } from '../../runtime/index.ts';
import { createLogger } from '../../telemetry/index.ts';
import { RateLimits, Receiver, SecretReader } from '../index.ts';

const SECRET = 'a-secret-of-both';
const TYPE = { group: 'flow.ado.dev', version: 'v1alpha1', plural: 'x', kind: 'X', namespaced: true };

/** For tests: the X-Hub-Signature-256 of a sender with the secret. */
export const signatureOf = (body: string | Buffer) =>
  `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;

const auth = { hmac: { secretKeyRef: { name: 'hook', key: 'secret' } } };

function workflowOf(webhook: Partial<Webhook>): Workflow {
  return {
    apiVersion: API_VERSION,
    kind: 'Workflow',
    metadata: { name: 'release', namespace: 'shop', uid: 'w-1' },
    spec: {
      parameters: [
        { name: 'ref', default: 'main' },
        { name: 'count', type: 'Integer', default: 1 },
      ],
      tasks: [{ name: 'only', run: 'true', image: 'busybox' }],
      triggers: { webhooks: [{ name: 'push', auth, ...webhook }] },
    },
  };
}

/** For tests: proofs by a public key. */
export const PROVING: Proves = {
  code: (claim) => createHmac('sha256', 'a key').update(JSON.stringify(claim)).digest('base64url'),
  proves: (code, claim) => code === PROVING.code(claim),
  unguessable: (claim) => [PROVING.code(claim)],
};

/** How the API server behaves: it fails, or has no Secret. */
export interface Fate {
  error?: Error;
  hasNoSecret?: true;
}

/** For tests: a receiver with the trigger shop/release/push, an API server that stores created runs, and the log. */
export function receiving(webhook: Partial<Webhook> = {}) {
  const created = new Map<string, WorkflowRun>();
  const fate: Fate = {};
  const lines: string[] = [];
  const told: string[] = [];
  const client = apiServer(created, fate);
  const workflows = new Store<Workflow>();
  workflows.put({ key: 'shop/release', uid: 'w-1', resourceVersion: '1', value: workflowOf(webhook) });
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
  const receiver = new Receiver({
    ...{ client, workflows, logger, clock: realClock, limits: new RateLimits() },
    runs: new Store<WorkflowRun>(),
    type: TYPE,
    secrets: new SecretReader(client, realClock),
    proves: PROVING,
    attests: UNATTESTED,
    tellOfStrangers: (_workflow, strangers, run) => void told.push(`${strangers.join(' ')} -> ${run}`),
  });
  return { receiver, created, fate, lines, logger, told };
}

function apiServer(created: Map<string, WorkflowRun>, fate: Fate): never {
  const get = async (_type: unknown, { name, namespace = '' }: KubeObject['metadata']) => {
    if (name !== 'hook') return created.get(objectKey({ name, namespace }));
    if (fate.hasNoSecret) throw new ApiError(404, { reason: 'NotFound' });
    return { metadata: { name }, data: { secret: Buffer.from(SECRET).toString('base64') } };
  };
  const create = async (_type: unknown, run: WorkflowRun) => {
    if (fate.error) throw fate.error;
    const key = objectKey(run.metadata);
    if (created.has(key)) throw new ApiError(409, { reason: 'AlreadyExists' });
    created.set(key, run);
    return run;
  };
  return { get, create } as never;
}
