/** The cgroup below which all pods of a cluster are, in every hierarchy that the machine has (v1, v2 or both). */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './wait.ts';

const ROOT = '/sys/fs/cgroup';

export const cgroupName = (cluster: string): string => `ado-${cluster}`;

export function makeCgroups(cluster: string): void {
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, cgroupName(cluster)), { recursive: true });
}

/** Removes the cgroups. The kernel lets go of one a moment after its last process has ended, so it is tried for 10 s. */
export async function removeCgroups(cluster: string): Promise<void> {
  let last: unknown;
  const attempt = () => {
    try {
      for (const hierarchy of hierarchies()) removeTree(join(hierarchy, cgroupName(cluster)));
      return true;
    } catch (error) {
      last = error;
      return undefined;
    }
  };
  await until(attempt, 10_000, () => new Error(`the cgroups of ${cluster} cannot be removed: ${String(last)}`), 20);
}

function hierarchies(): string[] {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) {
    delegateControllers();
    return [ROOT];
  }
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(ROOT, entry.name))
    .filter((path) => existsSync(join(path, 'cgroup.procs')));
}

/** With cgroup v2 the kubelet wants every controller in its root, and a child has what its parent hands down. */
function delegateControllers(): void {
  for (const controller of readFileSync(join(ROOT, 'cgroup.controllers'), 'utf8').trim().split(' ')) {
    try {
      writeFileSync(join(ROOT, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // A controller that cannot be handed down is one that the kubelet can do without, or says that it cannot.
    }
  }
}

/** Only folders are removed: the files in a cgroup are the kernel's. */
function removeTree(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  }
  rmdirSync(path);
}
