import { dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { run } from '../../../cluster/command.ts';
import { ROOT } from '../../support/control-plane.ts';
import { it, killOperator, ownStage, stage, useOperator } from '../../support/e2e.ts';
import { OPERATOR_NAMESPACE } from '../../support/installation.ts';
import { workflowRun } from '../../support/manifests.ts';
import { freePort, OperatorProcess } from '../../support/operator-process.ts';
import { commandsOf } from '../../support/pages.ts';
import { conditionOf, outputsOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';
import { BY_HMAC, grantSecrets, hooked, type Said, SECRET, send, senderSecret } from '../../support/webhooks.ts';

const ADDRESS = `127.0.0.1:${await freePort()}`;
useOperator({ flags: ['--hooks-address', ADDRESS] });

/** What GitHub sends for a push, in short. */
const push = (ref: string, id = 1) =>
  JSON.stringify({ ref, repository: { full_name: 'ado/shop' }, commits: [{ id: `c${id}` }, { id: 'c0' }] });
const github = (delivery: string, event = 'push') => ({
  'x-github-delivery': delivery,
  'x-github-event': event,
  'user-agent': 'GitHub-Hookshot/abc',
});

const to = (scenario: Scenario, body: string, headers: Record<string, string> = {}, trigger = 'push'): Promise<Said> =>
  send(ADDRESS, `/hooks/${scenario.namespace}/release/${trigger}`, body, headers);

async function given(scenario: Scenario, ...webhooks: Parameters<typeof hooked>[1][number][]): Promise<void> {
  await grantSecrets(scenario);
  await scenario.given(senderSecret(), hooked('release', webhooks));
  await scenario.workflowIs('release', 'True');
}

const PUSH = {
  name: 'push',
  auth: BY_HMAC,
  filter: 'has(body.ref) && body.ref.startsWith("refs/heads/")',
  with: { ref: '${{ body.ref }}', commits: '${{ body.commits.size() }}' },
};

describe('a webhook', () => {
  it.concurrent('starts one run of a push that GitHub signs, whatever else is sent', async ({ scenario }) => {
    await given(scenario, PUSH);
    const first = await to(scenario, push('refs/heads/main'), github('d-1'));
    expect(first, JSON.stringify(first.body)).toMatchObject({ status: 202, body: { result: 'Accepted' } });
    const run = await scenario.ended(first.body.run ?? '');
    expect(run.spec.origin).toEqual({ type: 'Webhook', trigger: 'push' });
    expect(run.spec.parameters).toEqual([
      { name: 'commits', value: '2' },
      { name: 'ref', value: 'refs/heads/main' },
    ]);
    expect(outputsOf(run, 'only')).toEqual({ said: 'refs/heads/main' });
    const repeat = await to(scenario, push('refs/heads/main'), github('d-1'));
    expect(repeat).toMatchObject({ status: 200, body: { result: 'Duplicate', run: first.body.run } });
    const ping = await to(scenario, '{"zen":"x"}', github('d-2', 'ping'));
    expect(ping).toMatchObject({ status: 200, body: { result: 'Filtered' } });
    const forged = await to(scenario, push('refs/heads/evil'), {
      ...github('d-3'),
      'x-hub-signature-256': 'sha256=00',
    });
    expect(forged).toMatchObject({ status: 401, body: { code: 'Unauthorized' } });
    expect((await to(scenario, push('refs/heads/main'), github('d-4'), 'pull')).body).toEqual(forged.body);
    const huge = await to(scenario, JSON.stringify({ ref: 'x'.repeat(300_000) }), github('d-5'));
    expect(huge).toMatchObject({ status: 413, body: { code: 'TooLarge' } });
    expect(await scenario.runs()).toHaveLength(1);
  });

  it.concurrent('makes one run of requests that come at once, through several replicas', async ({ scenario }) => {
    await given(scenario, PUSH);
    const other = `127.0.0.1:${await freePort()}`;
    const flags = ['--hooks-address', other, '--namespace', OPERATOR_NAMESPACE, '--identity', 'standby'];
    const standby = await OperatorProcess.start({ kubeconfig: ownStage().credentials.path, flags, isStandby: true });
    try {
      const path = `/hooks/${scenario.namespace}/release/push`;
      await scenario.until('the standby takes requests', () => fetch(`http://${other}/`).catch(() => undefined));
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          send(index % 2 === 0 ? ADDRESS : other, path, push('refs/heads/main'), github('same')),
        ),
      );
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
      expect(await scenario.runs()).toHaveLength(1);
      expect(standby.log.some((line) => line.includes('workers started'))).toBe(false);
    } finally {
      await standby.kill();
    }
  });

  it.concurrent('takes a token, and during a change of the secret the one before', async ({ scenario }) => {
    const token = {
      secretKeyRef: { name: 'sender', key: 'secret' },
      previousSecretKeyRef: { name: 'sender', key: 'before' },
    };
    await given(scenario, { name: 'push', auth: { token } });
    await scenario.given(senderSecret({ secret: SECRET, before: 'the-secret-of-before' }));
    const by = (secret: string, id: string) => ({ authorization: `Bearer ${secret}`, 'idempotency-key': id });
    const counts = (secret: string, id: string) =>
      scenario.until(`${secret} counts`, async () => (await to(scenario, '', by(secret, id))).status === 202);
    await counts('the-secret-of-before', '1');
    await counts(SECRET, '2');
    expect((await to(scenario, '', by('the-secret-of-nobody', '3'))).status).toBe(401);
    await scenario.given(senderSecret({ secret: 'a-secret-that-is-newer', before: SECRET }));
    await counts('a-secret-that-is-newer', '4');
    expect((await to(scenario, '', by('the-secret-of-before', '5'))).status).toBe(401);
  });

  it.concurrent('tells a sender that asks too often when to come again', async ({ scenario }) => {
    await given(scenario, { ...PUSH, rateLimit: { count: 2, per: '1h' } });
    const answers: Said[] = [];
    for (const id of [1, 2, 3]) answers.push(await to(scenario, push('refs/heads/main', id), github(`d-${id}`)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 429]);
    expect(Number(answers[2]?.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(await scenario.runs()).toHaveLength(2);
  });

  it.concurrent('refuses what a parameter cannot be before anything is made, with its place', async ({ scenario }) => {
    await given(scenario, { ...PUSH, with: { commits: '${{ body.ref }}' } });
    const refused = await to(scenario, push('refs/heads/main'), github('d-1'));
    expect(refused).toMatchObject({ status: 422, body: { code: 'ParametersInvalid', field: 'with' } });
    expect(refused.body.detail).toContain('"commits"');
    const missing = await to(scenario, '{"ref":1}', github('d-2'));
    expect(missing).toMatchObject({ status: 422, body: { code: 'FilterFailed', field: 'filter' } });
    expect(await scenario.runs()).toEqual([]);
  });

  it.concurrent('cannot be without the right to read its secret, and says where it is granted', async ({
    scenario,
  }) => {
    await scenario.given(senderSecret(), hooked('release', [PUSH]));
    const statusOf = async () => (await scenario.workflow('release')).status?.webhooks?.[0];
    const seen = await scenario.until('the status says so', async () => {
      const status = await statusOf();
      return status?.message !== undefined && status;
    });
    expect(seen).toMatchObject({ name: 'push', path: `/hooks/${scenario.namespace}/release/push` });
    expect(seen?.message).toContain(`kubectl apply -n ${scenario.namespace} -f config/rbac/webhooks/role.yaml`);
    const refused = await to(scenario, push('refs/heads/main'), github('d-1'));
    expect(refused).toMatchObject({ status: 401, body: { code: 'Unauthorized' } });
    await grantSecrets(scenario);
    await scenario.until(
      'the request is taken',
      async () => (await to(scenario, push('refs/heads/main'), github('d-1'))).status < 300,
    );
    await scenario.until('the status has nothing to say', async () => (await statusOf())?.message === undefined);
  });

  it.concurrent('is judged with the Workflow, with line and column, also when nothing else changes', async ({
    scenario,
  }) => {
    await given(scenario, PUSH);
    const wrong = { ...PUSH, filter: 'headers["X-GitHub-Event"] == "push"', with: { reff: 'x' } };
    await scenario.given(hooked('release', [wrong]));
    const { message } = conditionOf(await scenario.workflowIs('release', 'False'), 'Ready');
    expect(message).toContain('spec.triggers.webhooks[0].filter: header names are lowercase here');
    expect(message).toContain('(line 1, column 9)');
    expect(message).toContain(
      'spec.triggers.webhooks[0].with.reff: the workflow has no parameter "reff"; did you mean "ref"?',
    );
    expect(await to(scenario, push('refs/heads/main'), github('d-1'))).toMatchObject({ status: 503 });
  });

  it.concurrent('logs and shows no secret, no body and no header', async ({ scenario }) => {
    await given(scenario, PUSH);
    const marker = 'do-not-log-me-please';
    await to(scenario, push(`refs/heads/${marker}-body`), { ...github('d-1'), 'x-custom': `${marker}-header` });
    await to(scenario, '{"ref":1}', { ...github('d-2'), cookie: `${marker}-cookie` });
    await to(scenario, push(marker), { ...github(marker), 'x-hub-signature-256': `sha256=${marker}` });
    const log = scenario.operator.log.join('\n');
    expect(log).toContain(scenario.namespace);
    expect(log).not.toContain(`${marker}-header`);
    expect(log).not.toContain(`${marker}-cookie`);
    expect(log).not.toContain(`refs/heads/${marker}`);
    expect(log).not.toContain(SECRET);
  });
});

describe('the guide', () => {
  it('can be followed word for word', FULL, async () => {
    const { cluster, kubectl } = stage();
    const commands = commandsOf('docs/guides/webhooks.md', 'Try it');
    const env = { KUBECONFIG: cluster.kubeconfig, PATH: `${dirname(cluster.kubectl)}:${process.env.PATH}` };
    const printed: string[] = [];
    try {
      for (const command of commands) {
        const text = command.replaceAll('localhost:8090', ADDRESS);
        const { code, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', text], { cwd: ROOT, env });
        expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
        printed.push(stdout);
      }
    } finally {
      await kubectl.run(['delete', 'awf/on-push', 'secret/github', '--ignore-not-found']);
      await kubectl.run(['delete', '-n', 'default', '-f', join(ROOT, 'config/rbac/webhooks/role.yaml')]);
    }
    const accepted = printed.filter((text) =>
      /^\{"result":"Accepted","run":"on-push-\w+","namespace":"default"\}$/.test(text),
    );
    expect(accepted).toHaveLength(2);
  });
});

describe('an operator that is killed', () => {
  it('leaves one run for each request, once senders have sent them again', FULL, async ({ scenario }) => {
    await given(scenario, PUSH);
    const ids = Array.from({ length: 30 }, (_, index) => `d-${index}`);
    const runs = new Map<string, string>();
    const deliver = async (id: string) => {
      const said = await to(scenario, push('refs/heads/main', ids.indexOf(id)), github(id)).catch(() => undefined);
      if (said?.body.run) runs.set(id, said.body.run);
    };
    for (const [index, id] of ids.entries()) {
      if (index % 10 === 5) await killWhile(() => deliver(id));
      else await deliver(id);
    }
    for (const id of ids) if (!runs.has(id)) await deliver(id);
    const said = new Map(runs);
    for (const id of ids) await deliver(id);
    expect([...runs].sort()).toEqual([...said].sort());
    expect(runs.size).toBe(ids.length);
    expect((await scenario.runs()).map(({ metadata }) => metadata.name).sort()).toEqual([...runs.values()].sort());
    await scenario.given(workflowRun('by-hand', 'release'));
    await scenario.ended('by-hand');
  });
});

/** Kills the operator while something is under way, and starts another one. */
async function killWhile(act: () => Promise<void>): Promise<void> {
  const acting = act();
  await killOperator(() => acting);
}
