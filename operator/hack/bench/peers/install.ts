import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../../src/runtime/index.ts';
import type { Kubectl } from '../../kubectl.ts';
import type { Account } from '../../operator-account.ts';
import { capture } from '../../process.ts';
import type { Product, Setting } from './product.ts';

const MODULES = join(import.meta.dirname, '../../../cluster/modules');
const APPLY = ['apply', '--server-side', '--force-conflicts'] as const;

/** Applies what a product needs: its own manifests, and all rights for its accounts. */
export async function installPeer(kubectl: Kubectl, product: Product): Promise<void> {
  const folder = await moduleFolder(product);
  for (const path of product.manifests) {
    const manifest = join(folder, path);
    await kubectl.run(...APPLY, statSync(manifest).isDirectory() ? '-k' : '-f', manifest);
  }
  const accounts = [product.account, ...(product.emulation ? [product.emulation.account] : [])];
  await applyObjects(kubectl, [...product.objects, ...accounts.map(binding)]);
  const { plural, group } = product.runs;
  await kubectl.run('wait', '--for=condition=Established', '--timeout=60s', `crd/${plural}.${group}`);
}

/** Sets what the controller of a setting reads when it starts. */
export async function configure(kubectl: Kubectl, product: Product, { configuration }: Setting): Promise<void> {
  if (!configuration) return;
  const { name, data } = configuration;
  const patch = JSON.stringify({ data });
  await kubectl.run('patch', 'configmap', name, '-n', product.account.namespace, '--type=merge', '-p', patch);
}

/** All rights: what the roles of an installation allow is no part of what is measured, and costs the server more. */
function binding({ namespace, name }: Account): KubeObject {
  const object = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `bench-peers-${namespace}-${name}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace, name }],
  };
  return object;
}

async function applyObjects(kubectl: Kubectl, items: readonly KubeObject[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ado-peers-'));
  try {
    const file = join(folder, 'objects.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await kubectl.run(...APPLY, '-f', file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where Go keeps the sources of the pinned version; fetched when only the binary is there. */
async function moduleFolder({ module }: Product): Promise<string> {
  const args = ['-C', join(MODULES, module.folder), 'mod', 'download', '-json', module.path];
  const { code, stdout, stderr } = await capture('go', args);
  if (code !== 0) throw new Error(`go mod download ${module.path}: ${stderr.trim() || stdout.trim()}`);
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
