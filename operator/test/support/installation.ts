/** Ado in a real cluster, installed as its manifests say, with an operator that has no more rights than they grant. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { type CommandResult, run } from '../../cluster/command.ts';
import type { Cluster } from '../../cluster/index.ts';
import { ROOT } from './control-plane.ts';

/** `npm test` ends the cluster of this name; work on one test may keep another. */
export const CLUSTER_NAME = process.env.ADO_TEST_CLUSTER ?? 'ado-test';

export const OPERATOR_NAMESPACE = 'ado-system';
export const OPERATOR_ACCOUNT = 'ado-operator';
/** The operator's user name, as the audit log has it. */
export const OPERATOR_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR_ACCOUNT}`;

/** kubectl of a cluster, with all rights. */
export class Kubectl {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Runs kubectl to its end, whatever the exit code. `input` is what `-f -` reads: text, or objects as JSON. */
  try(args: readonly string[], input?: unknown): Promise<CommandResult> {
    const text = typeof input === 'string' ? input : JSON.stringify(input);
    return run(this.#cluster.kubectl, ['--kubeconfig', this.#cluster.kubeconfig, ...args], {
      timeoutMs: 120_000,
      ...(input === undefined ? {} : { input: text }),
    });
  }

  /** Runs kubectl and returns what it printed. @throws Error with what it complained of */
  async run(args: readonly string[], input?: unknown): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, input);
    if (code === 0) return stdout;
    throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
  }
}

/** The CRDs, and the namespace and the rights of the operator. */
export async function installManifests(kubectl: Kubectl): Promise<void> {
  await kubectl.run(['apply', '--server-side', '-k', join(ROOT, 'crds')]);
  await kubectl.run(['apply', '--server-side', '-f', join(ROOT, 'config/operator/namespace.yaml')]);
  await kubectl.run(['apply', '--server-side', '-k', join(ROOT, 'config/rbac')]);
  const crds = ['-l', 'app.kubernetes.io/name=ado'];
  await kubectl.run(['wait', '--for=condition=Established', '--timeout=60s', 'crd', ...crds]);
}

/** A kubeconfig of the operator's service account, in a folder of its own. */
export class OperatorCredentials {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ado-operator-'));
  readonly path = join(this.#folder, 'kubeconfig');

  static async create(cluster: Cluster, kubectl: Kubectl): Promise<OperatorCredentials> {
    const made = new OperatorCredentials();
    const request = ['create', 'token', OPERATOR_ACCOUNT, '-n', OPERATOR_NAMESPACE, '--duration', '4h'];
    const token = (await kubectl.run(request)).trim();
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const server = config.getCurrentCluster();
    if (!server) throw new Error(`${cluster.kubeconfig} has no current cluster`);
    config.loadFromClusterAndUser(server, { name: OPERATOR_ACCOUNT, token });
    writeFileSync(made.path, config.exportConfig(), { mode: 0o600 });
    return made;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
