/** The parent cgroup of all pods of a cluster, in every hierarchy of the machine (v1, v2 or both). */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './wait.ts';

const ROOT = '/sys/fs/cgroup';

export const cgroupName = (cluster: string): string => `ado-${cluster}`;

export function makeCgroups(cluster: string): void {
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, cgroupName(cluster)), { recursive: true });
}

/**
 * Removes the cgroups. The kernel frees one a moment after its last process has ended, so removal is retried for 10 s.
 */
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

/**
 * With cgroup v2, the kubelet requires every controller in its root, and a child has only those that its parent
 * enables.
 */
function delegateControllers(): void {
  for (const controller of readFileSync(join(ROOT, 'cgroup.controllers'), 'utf8').trim().split(' ')) {
    try {
      writeFileSync(join(ROOT, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // If a controller cannot be enabled, the kubelet does not need it, or reports that it does.
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
