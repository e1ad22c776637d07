/** Tests on the one real cluster of the project: `useOperator()` at the top of a file, then `it` with a scenario. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, closeCluster, openCluster } from '../../cluster/index.ts';
import { AuditLog } from '../../hack/bench/audit-log.ts';
import { admissionIsInForce, installAdmission, removeAdmission } from './admission.ts';
import { clientOf } from './client.ts';
import { installManifests, Kubectl, OperatorCredentials } from './installation.ts';
import { OperatorProcess } from './operator-process.ts';
import { Scenario, type Stage } from './scenario.ts';

/** `npm test` ends the cluster of this name; work on one test may keep another. */
export const CLUSTER_NAME = process.env.ADO_TEST_CLUSTER ?? 'ado-test';

/** The cluster with Ado installed, for one file. What is not there yet when tests are collected is read by getters. */
export interface Installed extends Stage {
  readonly cluster: Cluster;
  readonly credentials: OperatorCredentials;
  readonly flags: readonly string[];
  operator: OperatorProcess;
}

let installed: Installed | undefined;

/** What `useOperator` made. @throws Error outside of tests */
export function stage(): Installed {
  if (!installed)
    throw new Error('the operator is there only while tests run; call useOperator() at the top of the file');
  return installed;
}

export interface UseOptions {
  /** Further flags of the operator, where they depend on the cluster made when it is there. */
  readonly flags?: readonly string[] | ((cluster: Cluster) => Promise<readonly string[]>);
  /** Whether the admission webhook is on, served by the operator; default off: then nothing is attested. */
  readonly admission?: boolean;
  /** A cluster of the file's own, which is new at its start and gone at its end. */
  readonly own?: { readonly name: string; readonly kwok?: number };
}

/** Installs Ado and runs one operator for the tests of the file; afterwards it must end well when asked to. */
export function useOperator({ flags = [], own, admission = false }: UseOptions = {}): void {
  beforeAll(async () => {
    if (own) await closeCluster(own.name);
    const cluster = await openCluster(own ?? { name: CLUSTER_NAME });
    const kubectl = new Kubectl(cluster);
    await installManifests(kubectl);
    const credentials = await OperatorCredentials.create(cluster, kubectl);
    await removeAdmission(kubectl);
    const served = admission ? await installAdmission(cluster, kubectl) : [];
    const given = [...served, ...(typeof flags === 'function' ? await flags(cluster) : flags)];
    const operator = await OperatorProcess.start({ kubeconfig: credentials.path, flags: given });
    installed = { flags: given, cluster, kubectl, credentials, operator, client: clientOf(cluster.kubeconfig) };
    if (admission) await admissionIsInForce(kubectl);
  });
  afterAll(async () => {
    if (!installed) return;
    const { cluster, kubectl, operator, client, credentials } = installed;
    installed = undefined;
    if (admission) await removeAdmission(kubectl);
    const code = await operator.stop();
    await client.close();
    credentials.remove();
    if (own) await cluster.down();
    expect(code, operator.log.slice(-20).join('\n')).toBe(0);
  });
}

/** The audit log of the cluster. @throws Error on a cluster that is not ours */
export function auditLog(): AuditLog {
  const { auditLog: path } = stage().cluster;
  if (!path) throw new Error('this cluster has no audit log; run the test on the embedded one');
  return new AuditLog(path);
}

/** Ends the operator as Kubernetes does and starts another one, as an upgrade does. Returns the exit code of the first. */
export async function restartOperator(whileDown: () => Promise<void> = async () => undefined): Promise<number> {
  const { operator, credentials, flags } = stage();
  const code = await operator.stop();
  await whileDown();
  stage().operator = await OperatorProcess.start({ kubeconfig: credentials.path, flags });
  return code;
}

/** A test in a namespace of its own; what must hold of every run is checked when it has ended. */
export const it = test.extend<{ scenario: Scenario }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of other fixtures from this pattern
  scenario: async ({}, use) => {
    const scenario = await Scenario.begin(stage());
    await use(scenario);
    await scenario.end();
  },
});
