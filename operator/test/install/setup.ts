/** Once for all tests of the project: the image, and a cluster that has it, with one real node and simulated ones. */
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { closeCluster, loadImages, openCluster, streamProgress } from '../../cluster/index.ts';
import { buildImage, deployedName } from '../../hack/image.ts';
import { ROOT } from '../support/control-plane.ts';
import { Kubectl } from '../support/installation.ts';
import { IMAGE_ARCHIVE, NEXT_IMAGE, SIMULATED_TAINT } from './names.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Name of the cluster that the tests share. */
    install: string;
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  // Work on one test may keep a cluster of another name; that of `npm test` is new.
  const kept = process.env.ADO_TEST_CLUSTER;
  const name = kept ?? 'ado-install';
  const progress = streamProgress(process.stderr);
  const archive = join(ROOT, IMAGE_ARCHIVE);
  await buildImage({ name: deployedName(), alias: NEXT_IMAGE, output: archive, progress });
  if (!kept) await closeCluster(name);
  const cluster = await openCluster({ name, kwok: 4, kubelet: true, progress });
  await loadImages(name, archive);
  const kubectl = new Kubectl(cluster);
  // Only who asks for it goes to a simulated node: the operator must run.
  await kubectl.run(['taint', 'nodes', '-l', 'type=kwok', '--overwrite', `${SIMULATED_TAINT}=true:NoSchedule`]);
  await kubectl.run(['taint', 'nodes', '-l', 'flow.ado.dev/node=real', 'flow.ado.dev/node-']).catch(() => undefined);
  provide('install', name);
  return async () => {
    if (!kept) await closeCluster(name);
  };
}
