/**
 * Clusters by kind, for machines with a Docker engine. No engine runs on the machines where this project is built and
 * tested, so only the decisions here (commands, and the meaning of answers) are tested.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureBinaries } from './build.ts';
import type { Cluster } from './cluster.ts';
import { must, run, which } from './command.ts';
import { ClusterError } from './errors.ts';
import { kubectlFor, serverOf } from './kubectl.ts';
import { withLock } from './lock.ts';
import { type ProgressSink, runStep } from './progress.ts';
import { clusterFolder, clusterLock, readRecord, writeRecord } from './state.ts';

const CONFIG = resolve(import.meta.dirname, '..', '..', 'config', 'kind', 'cluster.yaml');

/** Whether a Docker engine answers within 3 s; a client without an engine does not count. */
export async function dockerEngineAnswers(): Promise<boolean> {
  const result = await run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutMs: 3000 });
  return result.code === 0 && result.stdout.trim() !== '';
}

/** Command lines of kind. Pure. */
export const kindArgs = {
  clusters: () => ['get', 'clusters'],
  create: (name: string, kubeconfig: string) => [
    'create',
    'cluster',
    '--name',
    name,
    '--config',
    CONFIG,
    '--kubeconfig',
    kubeconfig,
    '--wait',
    '180s',
  ],
  kubeconfig: (name: string, kubeconfig: string) => [
    'export',
    'kubeconfig',
    '--name',
    name,
    '--kubeconfig',
    kubeconfig,
  ],
  load: (name: string, archive: string) => ['load', 'image-archive', archive, '--name', name],
  remove: (name: string, kubeconfig: string) => ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig],
};

/** Whether kind's list of clusters names this one. Pure. */
export function listsCluster(list: string, name: string): boolean {
  return list.split('\n').some((line) => line.trim() === name);
}

/** Creates the cluster of this name, or finds it and restarts its container after a reboot of the machine. */
export async function openKind(name: string, progress?: ProgressSink): Promise<Cluster> {
  const folder = clusterFolder(name);
  const kind = await kindProgram(progress);
  const kubectl = await kubectlFor(progress);
  return withLock(clusterLock(name), async () => {
    if (readRecord(folder)?.kind === 'embedded') {
      throw new ClusterError(
        `The cluster ${name} exists and is embedded.`,
        `Stop it first: npm run cluster -- down --name ${name}`,
      );
    }
    const kubeconfig = join(folder, 'kubeconfig');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = listsCluster(await must(kind, kindArgs.clusters()), name);
    const step = {
      title: `${found ? 'finding' : 'creating'} the kind cluster ${name}`,
      expectedMs: found ? 2000 : 60_000,
    };
    await runStep(progress, step, () => (found ? revive(kind, name, kubeconfig) : create(kind, name, kubeconfig)));
    const server = await serverOf(kubectl, kubeconfig);
    const shape = { controllers: true, node: true, simulatedNodes: 0 };
    const ports = {
      api: Number(new URL(server).port),
      etcd: 0,
      etcdPeer: 0,
      controllerManager: 0,
      scheduler: 0,
      kwok: 0,
    };
    writeRecord(folder, { version: 1, name, kind: 'kind', shape, address: new URL(server).hostname, ports });
    return {
      name,
      kubeconfig,
      kubectl,
      server,
      nodeReady: true,
      down: () => withLock(clusterLock(name), () => removeKind(name)),
    };
  });
}

async function kindProgram(progress?: ProgressSink): Promise<string> {
  return which('kind') ?? (await ensureBinaries(['kind'], progress)).kind;
}

async function create(kind: string, name: string, kubeconfig: string): Promise<void> {
  const result = await run(kind, kindArgs.create(name, kubeconfig), { timeoutMs: 900_000 });
  if (result.code === 0) return;
  throw new ClusterError(
    `kind could not create the cluster ${name}: ${result.stderr.trim().slice(-800)}.`,
    'Check that the Docker engine can pull images and has 2 GB of free memory.',
  );
}

async function revive(kind: string, name: string, kubeconfig: string): Promise<void> {
  await run('docker', ['start', `${name}-control-plane`]);
  await must(kind, kindArgs.kubeconfig(name, kubeconfig));
}

/** Deletes the kind cluster and its folder. The caller holds the cluster's lock. */
export async function removeKind(name: string): Promise<void> {
  const folder = clusterFolder(name);
  await must(await kindProgram(), kindArgs.remove(name, join(folder, 'kubeconfig')), { timeoutMs: 180_000 });
  rmSync(folder, { recursive: true, force: true });
}

export async function loadIntoKind(name: string, archive: string): Promise<string> {
  const result = await run(await kindProgram(), kindArgs.load(name, archive), { timeoutMs: 600_000 });
  if (result.code === 0) return `loaded ${archive} into the nodes of ${name}`;
  throw new ClusterError(
    `kind refused ${archive}: ${result.stderr.trim().slice(-400)}.`,
    'It must be an archive in the format of `docker save`.',
  );
}
