/** Real API servers for tests. Nothing runs there but the API. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Cluster, openControlPlane } from '../../cluster/index.ts';
import { waitFor } from './wait-for.ts';

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

/** The API server that the files of `test/apiserver` share, with our CRDs in it; call at the top of the file. */
export function useApiServer(): ApiServer {
  return apiServerOf(() => inject('apiServer'));
}

/** Starts an empty API server before the tests of a file and ends it after them; call at the top of the file. */
export function useEmptyApiServer(file: string): ApiServer {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await openControlPlane({ name: `test-${basename(file, '.test.ts')}` });
  });
  afterAll(async () => cluster?.down());
  return apiServerOf(() => {
    if (!cluster) throw new Error('the API server is there only while tests run');
    return cluster;
  });
}

/** How a server is reached, as one process can tell another. */
export type ApiServerAt = Pick<Cluster, 'kubeconfig' | 'kubectl' | 'server'>;

/** @param at looked at when it is needed: a server may start later than the file that uses it is read */
export function apiServerOf(at: () => ApiServerAt): ApiServer {
  const kubectl: Kubectl = (args, input) => runKubectl(at(), args, input);
  const run = async (args: readonly string[], input?: unknown) => successful(args, await kubectl(args, input));
  return {
    kubectl,
    run,
    namespace: () => createNamespace(run),
    get kubeconfig() {
      return at().kubeconfig;
    },
    get server() {
      return at().server;
    },
  };
}

/** Applies the checked-in CRDs and waits until clients find them: discovery and OpenAPI come after Established. */
export async function applyCrds(run: ApiServer['run']): Promise<void> {
  await run(['apply', '--server-side', '-k', CRDS]);
  await run(['wait', '--for=condition=Established', '--timeout=60s', 'crd', ...crdNames()]);
  for (const name of crdNames()) {
    await waitFor(`the server explains ${name}`, () => run(['explain', name]).catch(() => undefined));
  }
}

/** The names of our CRDs, by the files in crds/. */
export function crdNames(): string[] {
  return readdirSync(CRDS)
    .filter((name) => name !== 'kustomization.yaml')
    .map((name) => basename(name, '.yaml').split('_').reverse().join('.'));
}

async function createNamespace(run: ApiServer['run']): Promise<string> {
  const metadata = { generateName: 'test-', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } };
  const created = await run(['create', '-o', 'json', '-f', '-'], { apiVersion: 'v1', kind: 'Namespace', metadata });
  return (JSON.parse(created) as { metadata: { name: string } }).metadata.name;
}

function successful(args: readonly string[], { code, stdout, stderr }: Output): string {
  if (code === 0) return stdout;
  throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
}

function runKubectl(cluster: ApiServerAt, args: readonly string[], input?: unknown): Promise<Output> {
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
