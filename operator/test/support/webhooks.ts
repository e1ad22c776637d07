/** Senders of webhooks, and what a namespace needs for them. */
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { WorkflowSpec } from '../../src/api/index.ts';
import { ROOT } from './control-plane.ts';
import { type Manifest, workflow } from './manifests.ts';
import type { Scenario } from './scenario.ts';

type Webhook = NonNullable<NonNullable<WorkflowSpec['triggers']>['webhooks']>[number];

/** The secret of the senders; that of before is `<secret>-before`. */
export const SECRET = 'a-secret-that-both-sides-have';
export const BY_HMAC: Webhook['auth'] = { hmac: { secretKeyRef: { name: 'sender', key: 'secret' } } };

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly result?: string; readonly code?: string; readonly run?: string; readonly detail?: string };
}

/** Sends a body, signed as GitHub does. */
export async function send(
  address: string,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const answer = await fetch(`http://${address}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature, ...headers },
    signal: AbortSignal.timeout(20_000),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Said['body'] };
}

/** The right to read Secrets, granted as the guide says. */
export const grantSecrets = (scenario: Scenario) =>
  scenario.kubectl(['apply', '-f', join(ROOT, 'config/rbac/webhooks/role.yaml')]);

export const senderSecret = (values: Readonly<Record<string, string>> = { secret: SECRET }): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'sender' },
  stringData: values,
});

/** A Workflow without pods that webhooks start. */
export function hooked(name: string, webhooks: readonly Webhook[], more: Partial<WorkflowSpec> = {}): Manifest {
  return workflow(name, {
    parameters: [
      { name: 'ref', default: 'none' },
      { name: 'commits', type: 'Integer', default: 0 },
    ],
    tasks: [{ name: 'only', compute: { said: 'params.ref' } }],
    retention: { succeeded: { count: 1000 } },
    triggers: { webhooks: [...webhooks] },
    ...more,
  });
}
