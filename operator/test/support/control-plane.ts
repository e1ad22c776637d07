/** A real API server for one test file, with our CRDs in it. Nothing runs there but the API. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { type Cluster, openControlPlane } from '../../cluster/index.ts';

export const ROOT = join(import.meta.dirname, '../../..');
const CRDS = join(ROOT, 'crds');

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A kubectl of the server. `input` is what `-f -` reads: text, or objects as JSON. */
export type Kubectl = (args: readonly string[], input?: unknown) => Promise<Output>;

export interface ApiServer {
  readonly kubeconfig: string;
  readonly server: string;
  /** Runs kubectl to its end, whatever the exit code. */
  readonly kubectl: Kubectl;
  /** Runs kubectl and returns what it printed. @throws Error with what it complained of */
  readonly run: (args: readonly string[], input?: unknown) => Promise<string>;
  /** A new namespace in which Pod Security "restricted" is enforced. */
  readonly namespace: () => Promise<string>;
}

/** Starts an API server before the tests of a file and ends it after them; call at the top of the file. */
export function useApiServer(file: string, options: { crds: boolean } = { crds: true }): ApiServer {
  let cluster: Cluster | undefined;
  const opened = (): Cluster => {
    if (!cluster) throw new Error('the API server is there only while tests run');
    return cluster;
  };
  const kubectl: Kubectl = (args, input) => runKubectl(opened(), args, input);
  const run = async (args: readonly string[], input?: unknown) => successful(args, await kubectl(args, input));
  beforeAll(async () => {
    cluster = await openControlPlane({ name: `test-${basename(file, '.test.ts')}` });
    if (options.crds) await applyCrds(run);
  });
  afterAll(async () => cluster?.down());
  return {
    kubectl,
    run,
    namespace: () => createNamespace(run),
    get kubeconfig() {
      return opened().kubeconfig;
    },
    get server() {
      return opened().server;
    },
  };
}

/** Applies the checked-in CRDs and waits until clients find them: discovery and OpenAPI come after Established. */
export async function applyCrds(run: ApiServer['run']): Promise<void> {
  await run(['apply', '--server-side', '-k', CRDS]);
  await run(['wait', '--for=condition=Established', '--timeout=60s', 'crd', ...crdNames()]);
  for (const name of crdNames()) {
    await vi.waitFor(() => run(['explain', name]), { timeout: 30_000, interval: 200 });
  }
}

/** The names of our CRDs, by the files in crds/. */
export function crdNames(): string[] {
  return readdirSync(CRDS)
    .filter((name) => name !== 'kustomization.yaml')
    .map((name) => basename(name, '.yaml').split('_').reverse().join('.'));
}

let namespaces = 0;

async function createNamespace(run: ApiServer['run']): Promise<string> {
  namespaces += 1;
  const name = `test-${namespaces}`;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await run(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  return name;
}

function successful(args: readonly string[], { code, stdout, stderr }: Output): string {
  if (code === 0) return stdout;
  throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
}

function runKubectl(cluster: Cluster, args: readonly string[], input?: unknown): Promise<Output> {
  return new Promise((resolve, reject) => {
    const cache = join(dirname(cluster.kubeconfig), 'kubectl-cache'); // goes with the cluster: its port may be reused
    const own = ['--kubeconfig', cluster.kubeconfig, '--cache-dir', cache];
    const child = spawn(cluster.kubectl, [...own, ...args], { timeout: 90_000 });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.on('error', () => undefined); // kubectl may end before it has read all; its exit code says why
    child.stdin.end(typeof input === 'string' ? input : input === undefined ? '' : JSON.stringify(input));
  });
}
