import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FINALIZER_RESULT } from '../../src/api/index.ts';
import type { Pod } from '../../src/pods/index.ts';
import { NAMESPACES, PODS } from '../../src/runtime/index.ts';
import { ADMISSION_KINDS } from '../support/admission.ts';
import { ROOT } from '../support/control-plane.ts';
import { OPERATOR_NAMESPACE } from '../support/installation.ts';
import { script, workflow, workflowRun } from '../support/manifests.ts';
import { commandsOf } from '../support/pages.ts';
import { signalWaits } from '../support/people.ts';
import { FULL, sampleOf } from '../support/tier.ts';
import { waitFor } from '../support/wait-for.ts';
import { simulated } from './load.ts';
import { shell } from './shell.ts';
import { install, scenario, stage, useCluster } from './stage.ts';

useCluster();

type Part = 'crds' | 'rbac' | 'admission' | 'operator' | 'its namespace' | 'the workloads';

/**
 * What hangs does so for ever; CRDs and namespaces whose objects were held may be late, as their clean-up is tried again
 * after ever longer pauses.
 */
const GONE_MS = 360_000;

/** How each part is taken away; whatever it leaves behind goes on in the background. */
const REMOVALS: Readonly<Record<Part, (workloads: string) => string[]>> = {
  crds: () => ['-k', join(ROOT, 'crds')],
  rbac: () => ['-k', join(ROOT, 'config/rbac')],
  admission: () => [ADMISSION_KINDS.join(','), '-l', 'app.kubernetes.io/name=ado'],
  operator: () => ['deployment,pdb', '-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/name=ado'],
  'its namespace': () => ['namespace', OPERATOR_NAMESPACE],
  'the workloads': (workloads) => ['namespace', workloads],
};
/** Without any of these the operator can do nothing more. */
const OPERATOR: readonly Part[] = ['operator', 'rbac', 'its namespace'];

/** Ado as installed, and a namespace in which a run is live: one pod has ended, two run, one of them for real; it asks. */
async function givenLiveRun(): Promise<string> {
  await install();
  const here = await scenario();
  const real = script('real', 'sleep 600', { terminationGracePeriodSeconds: 1 });
  const asks = { name: 'asks', approval: { message: 'Go?' } };
  const tasks = [simulated('ended', 0.1), simulated('live', 600), real, asks];
  await here.given(workflow('live', { tasks }), workflowRun('live', 'live'));
  for (const path of ['live', 'real']) await here.podRuns(path);
  await signalWaits(here, 'live-asks');
  return here.namespace;
}

async function remove(part: Part, workloads: string): Promise<void> {
  await stage().kubectl.run(['delete', '--ignore-not-found', '--wait=false', ...REMOVALS[part](workloads)]);
}

/** Waits until the operator's own pods are gone; until then it may still be at work. */
async function operatorIsGone(): Promise<void> {
  await waitFor('the pods of the operator are gone', async () => {
    return (await stage().client.list(PODS, { namespace: OPERATOR_NAMESPACE })).items.length === 0;
  });
}

/** Pods that are to go and that nobody but the operator lets go. */
async function heldPods(): Promise<string[]> {
  const { items } = await stage().client.list(PODS, { labelSelector: 'app.kubernetes.io/managed-by=ado' });
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp && metadata.finalizers?.includes(FINALIZER_RESULT))
    .map(({ metadata }) => metadata.name);
}

/** What is still there of all that an installation and its runs put into a cluster. */
async function remains(workloads: string): Promise<string[]> {
  const { kubectl, client } = stage();
  const kinds = ['crd', 'clusterrole', 'clusterrolebinding', ...ADMISSION_KINDS].join(',');
  const [named, pods, namespaces] = await Promise.all([
    kubectl.run(['get', kinds, '-l', 'app.kubernetes.io/name=ado', '-o', 'name']),
    client.list(PODS, { labelSelector: 'app.kubernetes.io/managed-by=ado' }),
    client.list(NAMESPACES),
  ]);
  const ours = namespaces.items.map(({ metadata }) => metadata.name);
  return [
    ...named.split('\n').filter((name) => name !== ''),
    ...pods.items.map(({ metadata }) => `pod/${metadata.name}`),
    ...ours.filter((name) => name === workloads || name === OPERATOR_NAMESPACE).map((name) => `namespace/${name}`),
  ];
}

/** What keeps the pods of runs, as far as they can tell. */
async function podsLeft(): Promise<string> {
  const { items } = await stage().client.list<Pod>(PODS, { labelSelector: 'app.kubernetes.io/managed-by=ado' });
  return items.map(({ metadata, status }) => JSON.stringify({ phase: status?.phase, ...metadata })).join('\n');
}

async function nothingRemains(workloads: string): Promise<void> {
  let left: string[] = [];
  await waitFor(
    'nothing of Ado is left',
    async () => {
      left = await remains(workloads);
      return left.length === 0;
    },
    { timeoutMs: GONE_MS, explain: () => left.join('\n') },
  );
}

/** Runs the remedy as docs/operations/runbook.md has it: for pods, and for signals if the cluster still knows them. */
async function remedy(): Promise<void> {
  const commands = commandsOf('docs/operations/runbook.md', 'Objects hang in Terminating without an operator');
  expect(commands).toHaveLength(2);
  const crds = await stage().kubectl.run(['get', 'crd', '-o', 'name']);
  for (const command of commands) {
    if (!command.includes('asig') || crds.includes('signals.flow.ado.dev')) await shell(command);
  }
}

const ORDERS: readonly (readonly Part[])[] = [
  ['crds', 'the workloads', 'admission', 'operator', 'rbac', 'its namespace'],
  ['the workloads', 'its namespace', 'crds', 'rbac', 'operator', 'admission'],
  ['operator', 'crds', 'the workloads', 'its namespace', 'admission', 'rbac'],
  ['rbac', 'admission', 'the workloads', 'operator', 'crds', 'its namespace'],
  ['its namespace', 'the workloads', 'rbac', 'operator', 'crds', 'admission'],
];

describe('uninstalling with a run that is live', { timeout: GONE_MS + 120_000 }, () => {
  it.each(sampleOf(ORDERS, ORDERS.length).map((order) => [order.join(', '), order] as const))(
    'in the order %s leaves nothing',
    async (_, order) => {
      const workloads = await givenLiveRun();
      const operates = (taken: number) => !order.slice(0, taken).some((part) => OPERATOR.includes(part));
      for (const [at, part] of order.entries()) {
        await remove(part, workloads);
        if (part === 'operator' || part === 'its namespace') await operatorIsGone();
        // As the runbook asks: what runs is gone before the operator goes.
        if (!operates(at + 1)) continue;
        await waitFor(
          'no pod of a run is left',
          async () => !(await remains(workloads)).some((name) => name.startsWith('pod/')),
          { explain: podsLeft },
        );
      }
      if (!operates(1)) {
        await waitFor('the pods that nobody lets go are all that hangs', async () => (await heldPods()).length >= 2);
        await remedy();
      }
      await nothingRemains(workloads);
    },
  );

  it('all at once leaves nothing, after the remedy where the operator was gone first', FULL, async () => {
    const workloads = await givenLiveRun();
    await stage().kubectl.run(['delete', '--wait=false', '-k', join(ROOT, 'config/default')]);
    await remove('the workloads', workloads);
    await waitFor(
      'the operator is gone',
      async () => !(await remains(workloads)).includes(`namespace/${OPERATOR_NAMESPACE}`),
    );
    await remedy();
    await nothingRemains(workloads);
  });
});
