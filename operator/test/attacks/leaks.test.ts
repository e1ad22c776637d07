/**
 * Who: a user who may read runs, Events, the operator's log and its metrics, and neither Secrets nor pods.
 * What they try: to read secrets where tasks that have some fail, where servers and the API server quote what they were
 * sent, and where a webhook is refused.
 * What must be: of a task that reads secrets no word is told but its outputs, of others nothing that looks like a secret.
 * How the task ended is told all the same.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { WorkflowSpec } from '../../src/api/index.ts';
import { ACCOUNT, account } from '../support/account.ts';
import { it, useOperator } from '../support/e2e.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { freePort } from '../support/operator-process.ts';
import { rowOf, type Scenario } from '../support/scenario.ts';
import { BY_HMAC, grantSecrets, hooked, send, senderSecret } from '../support/webhooks.ts';

const HOOKS = `127.0.0.1:${await freePort()}`;
const FLAGS = ['--http-hosts', '127.0.0.1:*', '--http-allow-cidrs', '127.0.0.1/32', '--hooks-address', HOOKS];
useOperator({ flags: FLAGS });

type Task = WorkflowSpec['tasks'][number];

/** In a Secret, and like any other word. */
const WORD = 'kanarienvogel';
/** A part of what looks like a token; it stands in no definition, where it would be found too. */
const PART = 'c4n4rY';
const TOKEN = `ghp_${PART.repeat(6)}`;
/** The token as a script and as CEL put it together. */
const IN_SHELL = 't=ghp_; for i in 1 2 3 4 5 6; do t="${t}c4n""4rY"; done';
const IN_CEL = `${"'ghp_c4n' + '4rYc4n'"}${" + '4rYc4n'".repeat(4)} + '4rY'`;

let server: Server;
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;

beforeAll(async () => {
  server = createServer((_request, response) => response.writeHead(500).end(`you sent ${TOKEN}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Told {
  readonly kind: string;
  readonly reportingComponent?: string;
  readonly source?: { readonly component?: string };
}

/** All that we tell in the namespace. Pods and Secrets hold what tasks write and read, and the kubelet has Events of its own. */
async function told(scenario: Scenario): Promise<string> {
  const kinds = 'workflows.flow.ado.dev,workflowruns.flow.ado.dev,runjournals.flow.ado.dev,signals.flow.ado.dev';
  const found = await scenario.kubectl(['get', `${kinds},configmaps,events`, '-o', 'json']);
  const { items } = JSON.parse(found) as { items: Told[] };
  const ours = items.filter((it) => (it.reportingComponent || it.source?.component) !== 'kubelet');
  const { text } = await scenario.operator.get('/metrics');
  return [JSON.stringify(ours), text, ...scenario.operator.log].join('\n');
}

const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: WORD } };
const failing = (name: string, run: string, more: Partial<Task> = {}) =>
  script(name, run, { onFailure: 'Continue', ...more });
const byVariable: Partial<Task> = { envValueFrom: { PASSWORD: { secretKeyRef: { name: 'db', key: 'password' } } } };
const byVolume: Partial<Task> = {
  volumes: [{ name: 'db', secret: { secretName: 'db' } }],
  volumeMounts: [{ name: 'db', mountPath: '/db' }],
};

describe('a task that reads secrets', () => {
  it('tells none of them, however it fails', async ({ scenario }) => {
    const parameters: WorkflowSpec['parameters'] = [{ name: 'db', type: 'Secret', default: 'db/password' }];
    const tasks = [
      failing('variable', 'printf %s "$PASSWORD" > $ADO_OUTPUTS; exit 3', byVariable),
      failing('all', 'printf %s "$password" > $ADO_OUTPUTS; exit 3', { envFrom: [{ secretRef: { name: 'db' } }] }),
      failing('volume', 'cat /db/password > $ADO_OUTPUTS; exit 3', byVolume),
      failing('parameter', 'printf %s "$P" > $ADO_OUTPUTS; exit 3', { env: { P: '${{ params.db }}' } }),
      failing('garbage', 'cat /db/password > $ADO_OUTPUTS', byVolume),
      failing('undeclared', 'echo "$(cat /db/password)=1" > $ADO_OUTPUTS', byVolume),
      {
        ...{ name: 'command', onFailure: 'Continue' as const, container: { command: ['$(PASSWORD)'] } },
        ...{ pendingTimeout: '20s', ...byVariable },
      },
    ];
    await scenario.given(SECRET, workflow('quiet', { parameters, tasks }), workflowRun('quiet', 'quiet'));
    const run = await scenario.ended('quiet');
    for (const path of ['variable', 'all', 'volume', 'parameter']) {
      expect(rowOf(run, path)).toMatchObject({ phase: 'Failed', reason: 'ExitCode', exitCode: 3 });
      expect(rowOf(run, path).message).toContain('the message is withheld because the task reads secrets');
    }
    for (const path of ['garbage', 'undeclared']) expect(rowOf(run, path)).toMatchObject({ reason: 'OutputsInvalid' });
    expect(rowOf(run, 'command').phase).toBe('Failed');
    expect(await told(scenario)).not.toContain(WORD);
  });

  it('tells what it writes where its definition says so', async ({ scenario }) => {
    const task = failing('loud', 'echo "no such user" > $ADO_OUTPUTS; exit 3', byVariable);
    const definition = workflow('loud', { tasks: [{ ...task, failureMessage: 'Show' }] });
    await scenario.given(SECRET, definition, workflowRun('loud', 'loud'));
    expect(rowOf(await scenario.ended('loud'), 'loud').message).toMatch(/exit code 3: no such user$/);
  });
});

describe('what looks like a secret', () => {
  it('is told of no container, no server and no refusal of the API server', async ({ scenario }) => {
    const labels = { bad: `\${{ ${IN_CEL} }} !` };
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made', labels } };
    const tasks: Task[] = [
      failing('container', `${IN_SHELL}; echo "refused: $t" > $ADO_OUTPUTS; exit 3`),
      failing('garbage', `${IN_SHELL}; echo "refused: $t" > $ADO_OUTPUTS`),
      { name: 'server', http: { url: url() }, onFailure: 'Continue' },
      { name: 'object', resource: { manifest, serviceAccountName: ACCOUNT }, onFailure: 'Continue' },
    ];
    await scenario.given(...account(), workflow('tokens', { tasks }), workflowRun('tokens', 'tokens'));
    const run = await scenario.ended('tokens');
    expect(rowOf(run, 'container').message).toContain('exit code 3: refused: [redacted]');
    expect(rowOf(run, 'server').message).toContain('answered 500: you sent [redacted]');
    expect(rowOf(run, 'object')).toMatchObject({ phase: 'Failed', reason: 'ResourceRejected' });
    expect(rowOf(run, 'object').message).toContain('[redacted]');
    expect(await told(scenario)).not.toContain(PART);
  });

  it('is told of no request to a webhook that is refused', async ({ scenario }) => {
    await grantSecrets(scenario);
    const values = { commits: '${{ body.commits }}' };
    await scenario.given(senderSecret(), hooked('hook', [{ name: 'push', auth: BY_HMAC, with: values }]));
    await scenario.workflowIs('hook', 'True');
    const path = `/hooks/${scenario.namespace}/hook/push`;
    expect(await send(HOOKS, path, JSON.stringify({ commits: TOKEN }))).toMatchObject({ status: 422 });
    const unsigned = { 'x-hub-signature-256': '', authorization: `Bearer ${TOKEN}` };
    expect(await send(HOOKS, path, '{}', unsigned)).toMatchObject({ status: 401 });
    expect(await told(scenario)).not.toContain(PART);
  });
});
