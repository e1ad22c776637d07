import { resolve } from 'node:path';
import { GROUP, KINDS } from '../src/api/index.ts';
import type { Kubectl } from './kubectl.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
/** What an operator beside the cluster needs in it, in the order in which it is applied. */
const PARTS = ['crds', 'config/operator/namespace.yaml', 'config/rbac'] as const;

const how = (path: string) => (path.endsWith('.yaml') ? '-f' : '-k');

/** Applies the CRDs and the operator's namespace and rights, and waits until the API server knows the kinds. */
export async function install(kubectl: Kubectl): Promise<void> {
  for (const path of PARTS) {
    await kubectl.run('apply', '--server-side', '--force-conflicts', how(path), resolve(ROOT, path));
  }
  const crds = KINDS.map(({ plural }) => `crd/${plural}.${GROUP}`);
  await kubectl.run('wait', '--for=condition=Established', '--timeout=30s', ...crds);
}

/** Removes what `install` applied; harmless when it is not there. */
export async function uninstall(kubectl: Kubectl): Promise<void> {
  for (const path of [...PARTS].reverse()) {
    await kubectl.run('delete', '--ignore-not-found', how(path), resolve(ROOT, path));
  }
}
