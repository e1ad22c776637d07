/**
 * The embedded cluster: every part of Kubernetes is a process of this machine. With a real node, the processes run in
 * their own namespaces (see namespaces.ts); without one, they are plain processes on the loopback address and need no
 * root.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiClient } from './api-client.ts';
import { buildingAhead, ensureBinaries } from './build.ts';
import { type Binary, binariesFor } from './build-plan.ts';
import { ensureCertificates } from './certificates.ts';
import { cgroupName, makeCgroups, removeCgroups } from './cgroups.ts';
import { type ClusterOptions, shapeConflict, shapeOf } from './choose.ts';
import type { Cluster } from './cluster.ts';
import { which } from './command.ts';
import { freePorts, type Start, startApiServer, startControllers } from './control-plane.ts';
import { type ControlPlane, controlPlaneCertificates, serverUrl } from './control-plane-flags.ts';
import { ClusterError } from './errors.ts';
import type { ProcessIdentity } from './identity.ts';
import { importImages, ownImages, snapshotterOf } from './images.ts';
import { startSimulatedNodes } from './kwok.ts';
import { withLock } from './lock.ts';
import { ensureNamespaces, HOLDER, startInside } from './namespaces.ts';
import { clusterResolvConf, connect, outwardMtu } from './network.ts';
import { chooseLink, linkOfAddress } from './network-plan.ts';
import { nodeIsReady, startContainerd, startNode } from './node.ts';
import { type Node, nodeCertificates } from './node-config.ts';
import { cniFolder, ensurePackages, staticBusybox } from './packages.ts';
import { daemonAlive, runningDaemons, startDaemon } from './processes.ts';
import { duration, type ProgressSink, runStep } from './progress.ts';
import { removeEmbedded } from './remove.ts';
import {
  type ClusterRecord,
  clusterFolder,
  clusterLock,
  clusterNames,
  type Ports,
  readRecord,
  removeEmptyRoot,
  type Shape,
  stateRoot,
  writeRecord,
  writeWhole,
} from './state.ts';

type Programs = Record<Binary, string>;

/** Inside its own network, a cluster uses the standard ports of Kubernetes. */
const NODE_PORTS: Ports = {
  api: 6443,
  etcd: 2379,
  etcdPeer: 2380,
  controllerManager: 10257,
  scheduler: 10259,
  kwok: 10247,
};

/** Builds that take longer than this in total are announced before the first one. */
const TOLD_MS = 30_000;

/** Opens the cluster of this name: creates it, restarts stopped components, or finds it running. */
export async function openEmbedded(options: ClusterOptions, progress?: ProgressSink): Promise<Cluster> {
  const { name } = options;
  const shape = shapeOf(options);
  checkMachine(shape);
  const folder = clusterFolder(name);
  if (shape.node) await ensurePackages(progress);
  const names = binariesFor({ node: shape.node, simulated: shape.simulatedNodes > 0 });
  const ahead = await buildingAhead(names);
  if (ahead > TOLD_MS) progress?.(`building Kubernetes from its Go modules, only once: about ${duration(ahead)}`);
  const programs = (await ensureBinaries(names, progress)) as Programs;
  return withLock(clusterLock(name), async () => {
    const record = await ensureRecord(name, folder, shape);
    const step = { title: `starting the cluster ${name}`, expectedMs: shape.node ? 12_000 : 6000 };
    return runStep(progress, step, async (detail) => {
      await startCluster(record, folder, programs, detail);
      return describe(record, folder, programs);
    });
  });
}

function checkMachine(shape: Shape): void {
  const other = 'Use --context NAME for your own cluster, or start a Docker engine to use kind.';
  if (process.platform !== 'linux') {
    throw new ClusterError(`The embedded cluster requires Linux; this machine runs ${process.platform}.`, other);
  }
  if (shape.node && process.getuid?.() !== 0)
    throw new ClusterError('A real node requires root.', `Run it as root. ${other}`);
}

/** The record of the cluster. Without a readable one, removes all leftovers and creates a new record. */
async function ensureRecord(name: string, folder: string, shape: Shape): Promise<ClusterRecord> {
  const existing = readRecord(folder);
  if (existing !== undefined) {
    const conflict = existing.kind === 'embedded' ? shapeConflict(existing.shape, shape) : 'is a kind cluster';
    if (conflict === undefined) {
      const record = { ...existing, shape };
      writeRecord(folder, record);
      return record;
    }
    throw new ClusterError(
      `The cluster ${name} exists and ${conflict}.`,
      `Stop it first (npm run cluster -- down --name ${name}), or use another --name.`,
    );
  }
  await removeEmbedded(name);
  return withLock(join(stateRoot(), '.addresses.lock'), async () => {
    const place = shape.node
      ? { address: newAddress(name), ports: NODE_PORTS }
      : { address: '127.0.0.1', ports: await freePorts() };
    const record: ClusterRecord = { version: 1, name, kind: 'embedded', shape, ...place };
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeRecord(folder, record);
    return record;
  });
}

function newAddress(name: string): string {
  const others = clusterNames().map((other) => readRecord(clusterFolder(other))?.address);
  const link = chooseLink(name, new Set(others.filter((address) => address !== undefined)));
  if (link === undefined) throw new ClusterError('All 256 networks for clusters are in use.', 'Stop a cluster first.');
  return link.nodeAddress;
}

async function startCluster(
  record: ClusterRecord,
  folder: string,
  programs: Programs,
  detail: (text: string) => void,
): Promise<void> {
  const { name, address, ports, shape } = record;
  const plane: ControlPlane = { name, folder, ports, address, node: shape.node };
  if (!shape.node) {
    await ensureCertificates(join(folder, 'pki'), controlPlaneCertificates(plane));
    const onHost: Start = async (daemon) => void startDaemon(folder, daemon);
    const client = await startApiServer(plane, programs, onHost);
    try {
      await startControllers(plane, programs, onHost);
      await startSimulatedNodes(plane, shape.simulatedNodes, client, programs.kwok, onHost);
    } finally {
      client.close();
    }
    return;
  }
  const node = await describeNode(record, folder);
  detail('certificates and network');
  const [holder] = await Promise.all([
    prepareNamespaces(record, folder, programs),
    ensureCertificates(join(folder, 'pki'), [...controlPlaneCertificates(plane), ...nodeCertificates(node)]),
  ]);
  const start: Start = (daemon) => startInside(folder, holder, daemon);
  detail('API server and containerd');
  const [client] = await Promise.all([
    startControlPlane(plane, programs, start),
    startRuntime(node, holder, programs, start),
  ]);
  try {
    detail('node');
    await startNode(node, { client, server: serverUrl(plane) }, programs, start);
    await nodeIsReady(node, client);
    if (shape.simulatedNodes > 0) await startSimulatedNodes(plane, shape.simulatedNodes, client, programs.kwok, start);
  } finally {
    client.close();
  }
}

async function startControlPlane(plane: ControlPlane, programs: Programs, start: Start): Promise<ApiClient> {
  const client = await startApiServer(plane, programs, start);
  await startControllers(plane, programs, start);
  return client;
}

async function describeNode(record: ClusterRecord, folder: string): Promise<Node> {
  const resolvConf = clusterResolvConf();
  writeWhole(join(folder, 'config', 'resolv.conf'), resolvConf);
  return {
    cluster: record.name,
    folder,
    address: record.address,
    cniFolder: cniFolder() ?? '',
    cgroup: cgroupName(record.name),
    mtu: await outwardMtu(),
    snapshotter: await snapshotterOf(folder),
    upstreamDns: resolvConf !== '',
  };
}

async function prepareNamespaces(record: ClusterRecord, folder: string, programs: Programs): Promise<ProcessIdentity> {
  const link = linkOfAddress(record.address);
  if (link === undefined) throw new Error(`${record.address} is not an address of a cluster`);
  // Each leftover of a killed cluster in its cgroups would delay the next kubelet by seconds.
  if (!daemonAlive(folder, HOLDER)) await removeCgroups(record.name);
  makeCgroups(record.name);
  const holder = await ensureNamespaces(folder, programs.pause);
  const connected = join(folder, 'run', 'connected'); // written last, so that an interrupted command connects again
  if (readIfThere(connected) === JSON.stringify(holder)) return holder;
  await connect(link, holder.pid);
  writeWhole(connected, JSON.stringify(holder));
  return holder;
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

async function startRuntime(node: Node, holder: ProcessIdentity, programs: Programs, start: Start): Promise<void> {
  await startContainerd(node, holder, which('containerd')!, start);
  const imported = join(node.folder, 'config', 'images-imported'); // written last: images outlive containerd
  if (existsSync(imported)) return;
  await importImages(node.folder, holder, await ownImages(programs.pause, staticBusybox()!));
  writeWhole(imported, '');
}

function describe(record: ClusterRecord, folder: string, programs: Programs): Cluster {
  const { name, address, ports, shape } = record;
  const hostAddress = linkOfAddress(address)?.hostAddress ?? '127.0.0.1';
  return {
    name,
    kubeconfig: join(folder, 'kubeconfig'),
    kubectl: programs.kubectl,
    server: serverUrl({ name, folder, ports, address, node: shape.node }),
    auditLog: join(folder, 'audit.log'),
    processes: () => runningDaemons(folder),
    hostAddress,
    nodeReady: shape.node || shape.simulatedNodes > 0,
    down: () => closeEmbedded(name),
  };
}

export async function closeEmbedded(name: string): Promise<void> {
  await withLock(clusterLock(name), () => removeEmbedded(name));
  removeEmptyRoot();
}
