/** The cluster of the project with Ado in it as its manifests install it: the operator runs in pods. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Cluster, openCluster } from '../../cluster/index.ts';
import { AuditLog } from '../../hack/bench/audit-log.ts';
import { API_VERSION } from '../../src/api/index.ts';
import type { Pod } from '../../src/pods/index.ts';
import { type KubeObject, LEASES, PODS } from '../../src/runtime/index.ts';
import { admissionIsInForce, removeAdmission } from '../support/admission.ts';
import { clientOf } from '../support/client.ts';
import { ROOT } from '../support/control-plane.ts';
import { Kubectl, OPERATOR_NAMESPACE } from '../support/installation.ts';
import type { OperatorProcess } from '../support/operator-process.ts';
import { Scenario, type Stage } from '../support/scenario.ts';
import { waitFor } from '../support/wait-for.ts';

/** What tests of the installed operator work with. */
export interface Installed extends Stage {
  readonly cluster: Cluster;
  readonly audit: AuditLog;
}

interface Lease extends KubeObject {
  spec?: { holderIdentity?: string };
}

let opened: Installed | undefined;

/** What `useCluster` opened. @throws Error outside of tests */
export function stage(): Installed {
  if (!opened) throw new Error('the cluster is there only while tests run; call useCluster() at the top of the file');
  return opened;
}

/** Opens the cluster for the tests of a file; nothing of Ado is in it, and nothing is left afterwards. */
export function useCluster(): void {
  beforeAll(async () => {
    const cluster = await openCluster({ name: inject('install'), kwok: 4, kubelet: true });
    if (!cluster.auditLog) throw new Error('this cluster has no audit log; run the tests on the embedded one');
    opened = {
      cluster,
      kubectl: new Kubectl(cluster),
      client: clientOf(cluster.kubeconfig),
      audit: new AuditLog(cluster.auditLog),
      operator: IN_PODS,
    };
    await removeEverything();
  });
  afterAll(async () => {
    if (!opened) return;
    await removeEverything();
    await opened.client.close();
    opened = undefined;
  });
}

/** A scenario shows the log of the operator when it fails; here the pods have it. */
const IN_PODS = { logAbout: () => 'see: kubectl logs -n ado-system' } as unknown as OperatorProcess;

/** A namespace of a test's own; call its `end`. */
export const scenario = (): Promise<Scenario> => Scenario.begin(stage());

/** A namespace that is there already. */
export const scenarioIn = (namespace: string): Scenario => Scenario.in(stage(), namespace);

/** `kubectl apply -k` of a folder of config/ and waits until every replica is Ready. */
export async function install(path = 'config/default'): Promise<void> {
  await stage().kubectl.run(['apply', '--server-side', '--force-conflicts', '-k', join(ROOT, path)]);
  await rolledOut();
  if (path === 'config/default') await admissionIsInForce(stage().kubectl);
}

export async function rolledOut(namespace = OPERATOR_NAMESPACE): Promise<void> {
  await stage().kubectl.run(['rollout', 'status', '-n', namespace, 'deploy/ado-operator', '--timeout=240s']);
}

/** Takes away all that Ado ever puts into a cluster, in the order that needs no care. */
export async function removeEverything(): Promise<void> {
  const { kubectl } = stage();
  const ours = ['-l', 'app.kubernetes.io/name=ado', '--ignore-not-found'];
  await kubectl.run(['delete', 'crd', ...ours]);
  await kubectl.run(['delete', 'namespace,clusterrole,clusterrolebinding', ...ours]);
  await removeAdmission(kubectl);
}

/** The operator's pods that are not being deleted. */
export async function operatorPods(namespace = OPERATOR_NAMESPACE): Promise<Pod[]> {
  const { items } = await stage().client.list<Pod>(PODS, {
    namespace,
    labelSelector: 'app.kubernetes.io/component=operator',
  });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** The pod that leads, by the lease. */
export async function leader(namespace = OPERATOR_NAMESPACE): Promise<Pod> {
  return waitFor('a replica leads', async () => {
    const lease = await stage()
      .client.get<Lease>(LEASES, { name: 'ado-operator', namespace })
      .catch(() => undefined);
    const holder = lease?.spec?.holderIdentity;
    return (await operatorPods(namespace)).find(({ metadata }) => holder?.startsWith(`${metadata.name}-`));
  });
}

/** The process of an operator's pod, seen from this machine: the kubelet gives it a cgroup named by the pod's uid. */
export function processOf({ metadata }: Pod): number {
  const found = readdirSync('/proc').find((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    return (
      textOf(`/proc/${entry}/cgroup`).includes(metadata.uid ?? '-') &&
      textOf(`/proc/${entry}/cmdline`).includes('operator.mjs')
    );
  });
  if (found === undefined) throw new Error(`pod ${metadata.name} has no process on this machine`);
  return Number(found);
}

/** A file of /proc; empty when its process has gone. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A run by hand, without a scenario around it. */
export const runOf = (namespace: string, name: string, of: string): KubeObject & { spec: unknown } => ({
  apiVersion: API_VERSION,
  kind: 'WorkflowRun',
  metadata: { name, namespace },
  spec: { workflowRef: { name: of } },
});
