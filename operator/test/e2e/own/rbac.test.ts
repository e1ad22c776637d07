import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { API_VERSION, type Workflow } from '../../../src/api/index.ts';
import {
  CLUSTER_ACCESS,
  CLUSTER_WORKFLOW_TEMPLATES,
  NAMESPACED_ACCESS,
  OWN_NAMESPACE_ACCESS,
  RESOURCE_TASK_ACCESS,
  WEBHOOK_ACCESS,
} from '../../../src/controllers/index.ts';
import type { AccessRule } from '../../../src/runtime/index.ts';
import { actsAs } from '../../support/account.ts';
import { admissionIsInForce } from '../../support/admission.ts';
import { auditLog, it, restartOperator, stage, useOperator } from '../../support/e2e.ts';
import { OPERATOR_NAMESPACE, OPERATOR_USER } from '../../support/installation.ts';
import { script, template, workflow, workflowRun } from '../../support/manifests.ts';
import { freePort } from '../../support/operator-process.ts';
import { givenLongTail, givenPage, goOn } from '../../support/paged-run.ts';
import { dataSignal, signalIs, signalsOf } from '../../support/people.ts';
import type { Scenario } from '../../support/scenario.ts';
import { BY_HMAC, grantSecrets, hooked, send, senderSecret } from '../../support/webhooks.ts';

/** Where logs are kept: without a place for them the operator asks for none. */
const logs = mkdtempSync(join(tmpdir(), 'ado-rbac-'));
afterAll(() => rmSync(logs, { recursive: true, force: true }));

/** Where webhooks are taken: without it no Secret is ever read. */
const hooks = `127.0.0.1:${await freePort()}`;

useOperator({
  admission: true,
  flags: ['--log-archive', 'volume://logs/ado', '--store-folder', logs, '--hooks-address', hooks],
});

const granted = (rules: readonly AccessRule[]) =>
  rules.flatMap(({ type, subresource, verbs }) => {
    const resource = subresource ? `${type.plural}/${subresource}` : type.plural;
    return verbs.map((verb) => `${verb} ${resource}`);
  });

/** A page of history that is there already, as after a crash between the page and the status that counts it. */
async function givenPageBeforeItsStatus(scenario: Scenario): Promise<void> {
  const run = await givenLongTail(scenario);
  await givenPage(scenario, run, run.status?.journal?.tail ?? '');
  await goOn(scenario);
  await scenario.ended('paged');
}

/** More versions than are kept, and one that the cache does not see when it is made again. */
async function givenManyVersions(scenario: Scenario): Promise<void> {
  const revisions = async () =>
    (await scenario.kubectl(['get', 'controllerrevisions', '-o', 'name'])).trim().split('\n');
  for (let version = 0; version < 14; version++) {
    await scenario.given(workflow('versions', { tasks: [script('only', `echo ${version}`)] }));
    await scenario.workflowIs('versions', 'True');
  }
  await scenario.until('old versions are gone', async () => {
    return (await revisions()).filter((name) => name.includes('/versions-')).length < 14;
  });
  const { status }: Workflow = await scenario.workflow('versions');
  await scenario.kubectl(['label', 'controllerrevision', status?.definition?.revision ?? '', 'flow.ado.dev/workflow-']);
  await scenario.kubectl(['annotate', 'awf', 'versions', 'looked=at']);
  await scenario.until('the unseen version is found', async () =>
    auditLog()
      .since(0)
      .some(
        ({ user, verb, resource }) => user === OPERATOR_USER && verb === 'get' && resource === 'controllerrevisions',
      ),
  );
}

/** A run that is refused again and again: its Event becomes a series. */
async function givenRepeatedEvent(scenario: Scenario): Promise<void> {
  await scenario.given(workflow('newer', { tasks: [script('deaf', 'sleep 600')] }), workflowRun('newer', 'newer'));
  await scenario.podRuns('deaf');
  const patch = JSON.stringify({ status: { state: '{"v":99}' } });
  await scenario.kubectl(['patch', 'awr', 'newer', '--subresource=status', '--type=merge', '-p', patch]);
  for (const desiredState of ['Paused', 'Running', 'Paused']) {
    await scenario.kubectl(['patch', 'awr', 'newer', '--type=merge', '-p', JSON.stringify({ spec: { desiredState } })]);
  }
  await scenario.until(
    'the Event is a series',
    async () =>
      (await scenario.kubectl(['get', 'events.v1.events.k8s.io', '-o', 'jsonpath={.items[*].series.count}'])) !== '',
  );
  await scenario.kubectl(['delete', 'awr', 'newer']);
}

/** A run by a trigger that expires, and one whose pod disappears. */
async function givenEndings(scenario: Scenario): Promise<void> {
  const triggers = { onChange: { of: ['Tasks' as const] } };
  const retention = { succeeded: { count: 0 }, pods: 'Delete' as const };
  const lost = script('lost', 'test "$ADO_ATTEMPT" -gt 0 || sleep 600', { terminationGracePeriodSeconds: 1 });
  await scenario.given(
    workflow('expires', { triggers, retention, tasks: [script('only', 'true')] }),
    workflow('loses', { tasks: [lost] }),
    workflowRun('loses', 'loses'),
  );
  const { name } = (await scenario.podRuns('lost')).metadata;
  await scenario.kubectl(['patch', 'pod', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  await scenario.kubectl(['delete', 'pod', name, '--wait=false', '--force', '--grace-period=0']);
  await scenario.ended('loses');
  await scenario.until('the run has expired', async () => (await scenario.workflow('expires')).status?.lastApplied);
}

/** Templates of both kinds; what is theirs alone goes with them. */
async function givenTemplates(scenario: Scenario): Promise<void> {
  const name = `shared-${scenario.namespace}`;
  const spec = { version: '1.0.0', tasks: [script('only', 'true')] };
  await scenario.given(
    template('own', spec),
    { ...template(name, spec), kind: 'ClusterWorkflowTemplate' },
    workflow('uses', {
      tasks: [
        { name: 'own', template: { name: 'own' } },
        { name: 'shared', template: { name, kind: 'ClusterWorkflowTemplate' } },
      ],
    }),
  );
  await scenario.workflowIs('uses', 'True');
  await scenario.client.delete(CLUSTER_WORKFLOW_TEMPLATES, { name });
}

/** A task that acts as a service account, which may do nothing: that we asked for its token is all that it takes. */
async function givenActingAsAccount(scenario: Scenario): Promise<void> {
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' } };
  await scenario.given(
    ...actsAs('default'),
    workflow('applies', { tasks: [{ name: 'apply', resource: { manifest } }] }),
    workflowRun('applies', 'applies'),
  );
  await scenario.ended('applies');
}

/** A result that is cached, one that is not because its task failed, and a permit. */
async function givenClaims(scenario: Scenario): Promise<void> {
  const cached = (name: string, run: string) => script(name, run, { cache: { key: name } });
  const held = script('held', 'true', { semaphores: [{ name: 'one' }] });
  await scenario.given(
    { apiVersion: API_VERSION, kind: 'Semaphore', metadata: { name: 'one' }, spec: { permits: 1 } },
    workflow('claims', { tasks: [cached('good', 'true'), cached('bad', 'false'), held] }),
    workflowRun('claims', 'claims'),
  );
  await scenario.ended('claims');
}

/** A schedule that has had a slot, and one of its slots of the past. */
async function givenSlots(scenario: Scenario): Promise<void> {
  const window = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:01Z' };
  await scenario.given(
    workflow('slots', {
      triggers: { schedules: [{ name: 'often', cron: '*/2 * * * * *' }] },
      tasks: [{ name: 'nothing', compute: { done: 'true' } }],
    }),
    {
      apiVersion: API_VERSION,
      kind: 'Backfill',
      metadata: { name: 'past' },
      spec: { workflow: 'slots', schedule: 'often', ...window },
    },
  );
  await scenario.until('both have had a run', async () => {
    const origins = (await scenario.runs()).map(({ spec }) => spec.origin?.type);
    return origins.includes('Schedule') && origins.includes('Backfill');
  });
  await scenario.kubectl(['delete', 'awf', 'slots']);
}

/** A volume that two tasks share, the second of which starts when the operator has forgotten that it is there. */
async function givenWorkspace(scenario: Scenario): Promise<void> {
  const shared = { workspaces: [{ name: 'shared', mountPath: '/shared' }] };
  await scenario.given(
    workflow('shares', {
      workspaces: [{ name: 'shared', size: '1Mi' }],
      tasks: [
        script('first', 'true', shared),
        { name: 'nap', sleep: { duration: '20s' } },
        script('second', 'true', { ...shared, needs: ['nap'] }),
      ],
    }),
    workflowRun('shares', 'shares'),
  );
  await scenario.podOf('first');
}

/** A request for a webhook, in a namespace that lets its Secrets be read. */
async function givenWebhook(scenario: Scenario): Promise<void> {
  await grantSecrets(scenario);
  await scenario.given(senderSecret(), hooked('hooked', [{ name: 'push', auth: BY_HMAC }]));
  await scenario.workflowIs('hooked', 'True');
  const { status } = await send(hooks, `/hooks/${scenario.namespace}/hooked/push`, '{}');
  expect(status).toBe(202);
}

/** A pod that waits for a volume: only its Events say so. */
async function givenMissingVolume(scenario: Scenario): Promise<void> {
  const mounts = script('mounts', 'true', {
    volumes: [{ name: 'v', configMap: { name: 'nowhere' } }],
    volumeMounts: [{ name: 'v', mountPath: '/v' }],
  });
  await scenario.given(workflow('mounts', { tasks: [mounts] }), workflowRun('mounts', 'mounts'));
  await scenario.taskIs('mounts', 'mounts', 'waits for it', ({ reason }) => reason === 'FailedMount');
  await scenario.kubectl(['delete', 'awr', 'mounts']);
}

/** A signal that is asked by and one that is sent, and one that ended two hours ago and has no run to go with. */
async function givenSignals(scenario: Scenario): Promise<void> {
  const wait = { name: 'wait', waitForSignal: { name: 'go' } };
  await scenario.given(workflow('waits', { tasks: [wait] }), workflowRun('waits', 'waits'));
  await scenario.kubectl(['create', '-f', '-'], dataSignal('sent', 'waits', 'go'));
  await scenario.ended('waits');
  await signalIs(scenario, 'sent', 'has an owner', ({ metadata }) => metadata.ownerReferences !== undefined);
  await scenario.kubectl(['create', '-f', '-'], dataSignal('lost', 'nowhere', 'go'));
  const lastTransitionTime = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const condition = { type: 'Succeeded', status: 'False', reason: 'RunNotFound', message: '', lastTransitionTime };
  const patch = JSON.stringify({ status: { phase: 'Rejected', conditions: [condition] } });
  await scenario.kubectl(['patch', 'asig', 'lost', '--subresource=status', '--type=merge', '-p', patch]);
  await scenario.until('it is gone', async () =>
    (await signalsOf(scenario)).every(({ metadata }) => metadata.name !== 'lost'),
  );
}

/** As when a certificate is about to end: the webhook has to make another. */
async function withoutCertificate(): Promise<void> {
  const patch = JSON.stringify({ data: { 'tls.crt': '' } });
  await stage().kubectl.run([
    'patch',
    'secret',
    'ado-admission',
    '-n',
    OPERATOR_NAMESPACE,
    '--type=merge',
    '-p',
    patch,
  ]);
}

it('asks for everything that its role grants, and for nothing else', async ({ scenario }) => {
  await givenWorkspace(scenario);
  await restartOperator(async () => {
    await stage().kubectl.run(['delete', 'lease', 'ado-operator', '-n', OPERATOR_NAMESPACE]);
    await withoutCertificate();
  });
  await admissionIsInForce(stage().kubectl);
  await Promise.all([
    givenPageBeforeItsStatus(scenario),
    givenManyVersions(scenario),
    givenRepeatedEvent(scenario),
    givenEndings(scenario),
    givenActingAsAccount(scenario),
    givenTemplates(scenario),
    givenClaims(scenario),
    givenSlots(scenario),
    givenWebhook(scenario),
    givenSignals(scenario),
    givenMissingVolume(scenario),
    scenario.podOf('second'),
  ]);
  await scenario.kubectl(['delete', 'awr', 'shares']);
  await auditLog().quiet(OPERATOR_USER, 1500);
  const asked = auditLog().since(0, ({ user, resource }) => user === OPERATOR_USER && resource !== '');
  const own = granted(OWN_NAMESPACE_ACCESS);
  const used = [...new Set(asked.map(({ verb, resource }) => `${verb} ${resource}`))].sort();
  const webhooks = granted(WEBHOOK_ACCESS);
  const bound = [...webhooks, ...granted(RESOURCE_TASK_ACCESS)];
  const all = [...granted(NAMESPACED_ACCESS), ...granted(CLUSTER_ACCESS), ...own, ...bound];
  expect(used).toEqual([...new Set(all)].sort());
  const elsewhere = asked.filter(({ verb, resource, namespace }) => {
    // Whichever namespace lets it: other tests on this cluster have webhooks of their own.
    const isOfWebhook = webhooks.includes(`${verb} ${resource}`);
    return own.includes(`${verb} ${resource}`) && namespace !== OPERATOR_NAMESPACE && !isOfWebhook;
  });
  expect(elsewhere).toEqual([]);
});
