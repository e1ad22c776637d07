/** Once for all files of this folder: an API server with our CRDs in it. */
import type { TestProject } from 'vitest/node';
import { openControlPlane, streamProgress } from '../../cluster/index.ts';
import { type ApiServerAt, apiServerOf, applyCrds } from '../support/control-plane.ts';

declare module 'vitest' {
  interface ProvidedContext {
    apiServer: ApiServerAt;
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const cluster = await openControlPlane({ name: 'test-apiserver', progress: streamProgress(process.stderr) });
  await applyCrds(apiServerOf(() => cluster).run);
  const { kubeconfig, kubectl, server } = cluster;
  provide('apiServer', { kubeconfig, kubectl, server });
  return () => cluster.down();
}
