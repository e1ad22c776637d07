/**
 * Where a cluster keeps everything it has on disk: one folder, so that removing it removes the cluster.
 *
 *   cluster.json  what it is (shape, ports, addresses), enough to start it again
 *   pki/          certificates and keys        etcd/   data
 *   config/       what its programs read       logs/   what they say
 *   run/          which processes they are     kubeconfig, audit.log
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

/** What a cluster is made of. Controllers: controller-manager and scheduler. */
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
  /** Address of the API server for callers on this machine. */
  address: string;
  ports: Ports;
}

/** Root's clusters are the machine's; another user's are their own. */
export function stateRoot(): string {
  if (process.getuid?.() === 0) return '/var/lib/ado';
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'ado');
}

/** Refuses a name that could not be a folder, a cgroup, part of a host name and of a certificate. */
export function checkName(name: string): void {
  if (/^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$/.test(name)) return;
  throw new ClusterError(
    `The cluster name "${name}" is not usable.`,
    'Use at most 32 lower-case letters, digits and `-`, beginning with a letter and not ending with `-`.',
  );
}

export function clusterFolder(name: string): string {
  checkName(name);
  return join(stateRoot(), name);
}

/** Beside the folder, not in it: it is held while the folder is removed. */
export function clusterLock(name: string): string {
  checkName(name);
  return join(stateRoot(), `.${name}.lock`);
}

/** The record of a cluster; undefined when there is none or when it was written by an incompatible version. */
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

/** Writes a file that is either there whole or not at all, readable by its owner alone. */
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
    // It holds another cluster, or is gone.
  }
}
