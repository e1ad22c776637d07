/** The Debian packages of a node, and the errors when they cannot be installed. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { run, which } from './command.ts';
import { ClusterError } from './errors.ts';
import { withLock } from './lock.ts';
import { type ProgressSink, runStep } from './progress.ts';
import { stateRoot } from './state.ts';

export interface Requirement {
  debian: string;
  /** Whether this machine has it, from any source. */
  present: () => boolean;
}

const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'];
const CNI_PLUGINS = ['bridge', 'host-local', 'loopback'];

/** The folder that holds the CNI plugins; undefined when none holds all of them. */
export function cniFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) => CNI_PLUGINS.every((plugin) => existsSync(`${folder}/${plugin}`)));
}

/** A busybox that runs in an image without libraries. */
export function staticBusybox(): string | undefined {
  const path = which('busybox');
  return path !== undefined && isStatic(firstBytes(path, 4096)) ? path : undefined;
}

/** A package that counts as installed if these programs exist. */
export const programs = (debian: string, ...names: string[]): Requirement => ({
  debian,
  present: () => names.every((name) => which(name) !== undefined),
});

export const NODE_REQUIREMENTS: readonly Requirement[] = [
  programs('containerd', 'containerd', 'ctr', 'containerd-shim-runc-v2'),
  programs('runc', 'runc'),
  programs('iproute2', 'ip'),
  programs('iptables', 'iptables'),
  programs('nftables', 'nft'),
  programs('util-linux', 'unshare', 'nsenter'),
  programs('mount', 'mount', 'umount'),
  { debian: 'containernetworking-plugins', present: () => cniFolder() !== undefined },
  { debian: 'busybox-static', present: () => staticBusybox() !== undefined },
];

/** Packages to install. Pure except for `present`. */
export function missingPackages(requirements: readonly Requirement[]): string[] {
  return requirements.filter((requirement) => !requirement.present()).map((requirement) => requirement.debian);
}

export const installCommand = (packages: readonly string[]): string =>
  `apt-get install --no-remove --no-install-recommends -y ${packages.join(' ')}`;

/** Required packages; by default of a node. */
export interface Need {
  /** The subject of the error, such as "A node". */
  what: string;
  requirements: readonly Requirement[];
}

const NODE: Need = { what: 'A node', requirements: NODE_REQUIREMENTS };

/** Installs what is missing. Throws ClusterError when that needs root or another package tool. */
export async function ensurePackages(progress?: ProgressSink, { what, requirements } = NODE): Promise<void> {
  const missing = missingPackages(requirements);
  if (missing.length === 0) return;
  const lacks = `${what} requires ${missing.join(', ')}, which this machine lacks`;
  if (which('apt-get') === undefined) {
    throw new ClusterError(`${lacks}, and there is no apt-get.`, 'Install their equivalents, or use --context NAME.');
  }
  if (process.getuid?.() !== 0) {
    throw new ClusterError(`${lacks}.`, `Run this as root, once: apt-get update && ${installCommand(missing)}`);
  }
  const step = { title: `installing ${missing.join(', ')}`, expectedMs: 25_000 };
  // One at a time: apt refuses concurrent installations.
  await runStep(progress, step, () =>
    withLock(join(stateRoot(), '.packages.lock'), () => installMissing(requirements)),
  );
  const left = missingPackages(requirements);
  if (left.length > 0) {
    throw new ClusterError(`After the installation, ${left.join(', ')} still cannot be found.`, 'Check the PATH.');
  }
}

/** Checks again for missing packages, because another command may have installed them meanwhile. */
async function installMissing(requirements: readonly Requirement[]): Promise<void> {
  const missing = missingPackages(requirements);
  if (missing.length > 0) await install(missing);
}

/** `--no-remove`: never removes packages of the machine. */
async function install(packages: readonly string[]): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 600_000 };
  await run('apt-get', ['update', '-q'], options); // may fail for a mirror that is not needed
  const [program, ...args] = installCommand(packages).split(' ') as [string, ...string[]];
  const result = await run(program, args, options);
  if (result.code === 0) return;
  throw new ClusterError(
    `apt-get could not install ${packages.join(', ')}: ${result.stderr.trim().slice(-400)}.`,
    `Try by hand: ${installCommand(packages)}`,
  );
}

/**
 * Whether an ELF file needs no loader: it has no program header of type PT_INTERP (3). Pure.
 * Reads 64-bit little-endian files, which is what amd64 and arm64 have.
 */
export function isStatic(head: Buffer): boolean {
  const elf = head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
  if (!elf) return false;
  const offset = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  for (let index = 0; index < head.readUInt16LE(56); index += 1) {
    const at = offset + index * size;
    if (at + 4 > head.length || head.readUInt32LE(at) === 3) return false;
  }
  return true;
}

function firstBytes(path: string, count: number): Buffer {
  const buffer = Buffer.alloc(count);
  const file = openSync(path, 'r');
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, count, 0));
  } finally {
    closeSync(file);
  }
}
