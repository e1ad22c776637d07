/**
 * The files of a cluster, all in one folder, so that removing the folder removes the cluster.
 *
 *   cluster.json  shape, ports and addresses, enough to restart it
 *   pki/          certificates and keys        etcd/   data
 *   config/       configuration of programs    logs/   their logs
 *   run/          process identities           kubeconfig, audit.log
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ClusterError } from './errors.ts';

export interface Ports {
  api: number;
  etcd: number;
  etcdPeer: number;
  controllerManager: number;
  scheduler: number;
  kwok: number;
}

/** The components of a cluster. Controllers: controller-manager and scheduler. */
export interface Shape {
  controllers: boolean;
  node: boolean;
  simulatedNodes: number;
}

export interface ClusterRecord {
  version: 1;
  name: string;
  kind: 'embedded' | 'kind';
  shape: Shape;
  /** Address of the API server for clients on this machine. */
  address: string;
  ports: Ports;
}

/** The root folder of clusters: shared for root, in the home folder for other users. */
export function stateRoot(): string {
  if (process.getuid?.() === 0) return '/var/lib/ado';
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ado');
}

/** Refuses names that are not valid in folders, cgroups, host names and certificates. */
export function checkName(name: string): void {
  if (/^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) return;
  throw new ClusterError(
    `The cluster name "${name}" is not valid.`,
    'Use at most 32 lower-case letters, digits and `-`, beginning with a letter and not ending with `-`.',
  );
}

export function clusterFolder(name: string): string {
  checkName(name);
  return join(stateRoot(), name);
}

/** The lock of a cluster, beside its folder, because it is held while the folder is removed. */
export function clusterLock(name: string): string {
  checkName(name);
  return join(stateRoot(), `.${name}.lock`);
}

/** The record of a cluster; undefined if there is none, or if an incompatible version wrote it. */
export function readRecord(folder: string): ClusterRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8')) as ClusterRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}

export function writeRecord(folder: string, record: ClusterRecord): void {
  writeWhole(join(folder, 'cluster.json'), `${JSON.stringify(record, null, 2)}\n`);
}

/** Writes a file atomically, readable only by its owner. */
export function writeWhole(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Names of all clusters that have a folder here. */
export function clusterNames(): string[] {
  try {
    return readdirSync(stateRoot(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** Removes the root of all clusters when nothing is left in it. */
export function removeEmptyRoot(): void {
  try {
    rmdirSync(stateRoot());
  } catch {
    // It contains another cluster, or does not exist.
  }
}
