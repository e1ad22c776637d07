/**
 * Tests on the one real cluster of the project. Files of `test/e2e/shared` begin with `useSharedOperator()`, those of
 * `test/e2e/own`, which stop it or need other flags, with `useOperator()`; then `it` with a scenario.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Cluster, closeCluster, openCluster } from '../../cluster/index.ts';
import { AuditLog } from '../../hack/bench/audit-log.ts';
import { admissionIsInForce, installAdmission, removeAdmission } from './admission.ts';
import { clientOf } from './client.ts';
import { CLUSTER_NAME, installManifests, Kubectl, OperatorCredentials } from './installation.ts';
import { OperatorProcess } from './operator-process.ts';
import { Scenario, type Stage } from './scenario.ts';
import { SharedOperator } from './shared-operator.ts';

/** The cluster with Ado installed. */
export interface InstalledStage extends Stage {
  readonly cluster: Cluster;
}

/** The same with an operator of the file's own. */
export interface Installed extends InstalledStage {
  readonly credentials: OperatorCredentials;
  readonly flags: readonly string[];
  operator: OperatorProcess;
}

let shared: InstalledStage | undefined;
let installed: Installed | undefined;

/** The cluster and the operator that serves it. @throws Error outside of tests */
export function stage(): InstalledStage {
  const opened = installed ?? shared;
  if (!opened) throw new Error('the operator is there only while tests run; call use[Shared]Operator() in the file');
  return opened;
}

/** What `useOperator` made. @throws Error outside of tests, and where the operator is shared */
export function ownStage(): Installed {
  if (!installed) throw new Error('this needs an operator of its own; call useOperator() at the top of the file');
  return installed;
}

/** Joins the operator that all files of `test/e2e/shared` share: see its setup there for the flags; no admission webhook. */
export function useSharedOperator(): void {
  beforeAll(async () => {
    const cluster = await openCluster({ name: CLUSTER_NAME });
    const operator = new SharedOperator(inject('sharedOperator'));
    shared = { cluster, kubectl: new Kubectl(cluster), operator, client: clientOf(cluster.kubeconfig) };
  });
  afterAll(async () => {
    await shared?.client.close();
    shared = undefined;
  });
}

/** One replica in all its processes, so that the next one need not wait for the lease of one that was killed. */
const REPLICA = ['--identity', `replica-${process.pid}`];

export interface UseOptions {
  /** Further flags of the operator, where they depend on the cluster made when it is there. */
  readonly flags?: readonly string[] | ((cluster: Cluster) => Promise<readonly string[]>);
  /** Whether the admission webhook is on, served by the operator; default off: then nothing is attested. */
  readonly admission?: boolean;
  /** A cluster of the file's own, which is new at its start and gone at its end. */
  readonly own?: { readonly name: string; readonly kwok?: number };
}

/** Runs one operator for the tests of the file; afterwards it must end well when asked to. The step's setup installs Ado. */
export function useOperator({ flags = [], own, admission = false }: UseOptions = {}): void {
  beforeAll(async () => {
    if (own) await closeCluster(own.name);
    const cluster = await openCluster(own ?? { name: CLUSTER_NAME });
    const kubectl = new Kubectl(cluster);
    if (own) await installManifests(kubectl);
    const credentials = await OperatorCredentials.create(cluster, kubectl);
    const served = admission ? await installAdmission(cluster, kubectl) : [];
    const given = [...REPLICA, ...served, ...(typeof flags === 'function' ? await flags(cluster) : flags)];
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
  const { operator, credentials, flags } = ownStage();
  const code = await operator.stop();
  await whileDown();
  ownStage().operator = await OperatorProcess.start({ kubeconfig: credentials.path, flags });
  return code;
}

/** Ends the operator as a machine that loses power does, and starts another one. */
export async function killOperator(whileDown: () => Promise<void> = async () => undefined): Promise<void> {
  const { operator, credentials, flags } = ownStage();
  await operator.kill();
  await whileDown();
  ownStage().operator = await OperatorProcess.start({ kubeconfig: credentials.path, flags });
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
