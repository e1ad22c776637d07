import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { type Cluster, openCluster, streamProgress } from '../../cluster/index.ts';
import type { Workflow } from '../../src/api/index.ts';
import { WORKFLOWS } from '../../src/controllers/index.ts';
import { isNotFound, KubeClient, type ResourceType } from '../../src/runtime/index.ts';
import { createMetrics, silentLogger } from '../../src/telemetry/index.ts';
import { install } from '../install.ts';
import { type Kubectl, kubectlOf } from '../kubectl.ts';
import { accountKubeconfig } from '../operator-account.ts';
import { KilledOperator } from '../soak/killed-operator.ts';
import { AuditLog } from './audit-log.ts';
import { MeasuredOperator } from './operator-process.ts';
import { type Usage, usageOf } from './usage.ts';

const LABEL = 'flow.ado.dev/bench';
const NAMESPACES: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
const ACCOUNTS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
const COLLECTIONS = ['apis/flow.ado.dev/v1alpha1', 'api/v1'] as const;

/** The cluster with Ado installed, and what measurements share. */
export class Stage {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly client: KubeClient;
  readonly audit: AuditLog;
  readonly #kubeconfig: string;
  readonly #folder: string;
  readonly #profile: boolean;
  #namespaces = 0;

  private constructor(cluster: Cluster, kubectl: Kubectl, audit: AuditLog, folder: string, profile: boolean) {
    this.cluster = cluster;
    this.kubectl = kubectl;
    this.audit = audit;
    this.#folder = folder;
    this.#profile = profile;
    this.#kubeconfig = join(folder, 'operator.kubeconfig');
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    this.client = new KubeClient({
      config,
      logger: silentLogger(),
      metrics: createMetrics({ process: false }),
      component: 'ado-bench',
    });
  }

  /** Opens the cluster of simulated nodes, installs Ado and removes what a run that was killed has left. */
  static async open(name: string, nodes: number, folder: string, profile: boolean): Promise<Stage> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const cluster = await openCluster({ name, kwok: nodes, progress: streamProgress(process.stderr) });
    if (!cluster.auditLog) throw new Error(`the cluster ${name} has no audit log that can be read; use another --name`);
    const kubectl = kubectlOf(cluster);
    await install(kubectl);
    const stage = new Stage(cluster, kubectl, new AuditLog(cluster.auditLog), folder, profile);
    writeFileSync(stage.#kubeconfig, await accountKubeconfig(kubectl), { mode: 0o600 });
    await stage.#sweep();
    return stage;
  }

  /** CPU time and memory of the API server since its start. @throws Error when it does not run */
  apiServer(): Usage {
    const pid = this.cluster.processes?.().get('kube-apiserver');
    if (pid === undefined) throw new Error(`the API server of ${this.cluster.name} does not run`);
    return usageOf(pid);
  }

  /** A new, empty namespace in which pods can be made. */
  async namespace(): Promise<string> {
    const name = `bench-${Date.now().toString(36)}-${this.#namespaces++}`;
    const labels = { [LABEL]: 'true', 'pod-security.kubernetes.io/enforce': 'restricted' };
    await this.client.create(NAMESPACES, { metadata: { name, labels } });
    await until(`the default service account of ${name}`, () =>
      this.#exists(ACCOUNTS, { name: 'default', namespace: name }),
    );
    return name;
  }

  /** Deletes everything in a namespace, and the namespace, and waits until it is gone. The operator must be running. */
  async clean(namespace: string): Promise<void> {
    const [ours, core] = COLLECTIONS;
    await this.kubectl.run('delete', '--raw', `/${ours}/namespaces/${namespace}/workflowruns`);
    await this.kubectl.run('delete', '--raw', `/${core}/namespaces/${namespace}/pods`);
    await this.kubectl.run('delete', 'namespace', namespace, '--timeout=180s');
  }

  async apply(workflow: Workflow): Promise<Workflow> {
    return this.client.create<Workflow>(WORKFLOWS, workflow);
  }

  /** Creates a workflow and waits until runs of it can start. */
  async ready(workflow: Workflow): Promise<void> {
    await this.apply(workflow);
    await until(`the workflow ${workflow.metadata.name} is ready`, async () => {
      const { status } = await this.client.get<Workflow>(WORKFLOWS, workflow.metadata);
      return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
    });
  }

  /** An operator of its own for each measurement, so that none inherits the memory or the warm code of another. */
  async withOperator<T>(work: (operator: MeasuredOperator) => Promise<T>): Promise<T> {
    const operator = await MeasuredOperator.start(this.#kubeconfig, this.#folder, this.#profile);
    let result: T;
    try {
      result = await work(operator);
    } catch (error) {
      await operator.stop().catch(() => undefined);
      throw error;
    }
    await operator.stop();
    return result;
  }

  /** An operator to be killed: the next one is the same replica, so it need not wait for its lease. */
  killedOperator(): Promise<KilledOperator> {
    const flags = ['--identity', 'killed'];
    return KilledOperator.begin(() => MeasuredOperator.start(this.#kubeconfig, this.#folder, false, flags));
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async #exists(type: ResourceType, ref: { name: string; namespace?: string }): Promise<boolean> {
    try {
      await this.client.get(type, ref);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #sweep(): Promise<void> {
    const { items } = await this.client.list(NAMESPACES, { labelSelector: LABEL });
    if (items.length === 0) return;
    await this.withOperator(async () => {
      for (const { metadata } of items) await this.clean(metadata.name);
    });
  }
}

/** Polls until a condition holds. @throws Error after so many seconds */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await sleep(25);
  }
}
