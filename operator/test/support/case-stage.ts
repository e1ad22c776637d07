/** What the cases of a file share: a cluster with our kinds in it, and a client of an administrator. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Cluster, openCluster } from '../../cluster/index.ts';
import type { KubeClient } from '../../src/runtime/index.ts';
import { clientOf } from './client.ts';
import { applyCrds } from './control-plane.ts';
import { CLUSTER_NAME, Kubectl } from './installation.ts';
import { Slots } from './slots.ts';

/** Runs that are under way at a time; those that only wait for their silence do not count. */
const AT_ONCE = 4;

export interface Stage {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly client: KubeClient;
  readonly kubeconfig: string;
  readonly slots: Slots;
  /** For files of the tests of one file. */
  readonly folder: string;
  /** Part of the names of namespaces, so that a cluster may serve again. */
  readonly prefix: string;
}

/**
 * Three simulated nodes: pods cost nothing, so that hundreds of runs take minutes. Call at the top of the file.
 * @param name the cluster of the project, which `npm test` ends
 */
export const useSimulatedStage = (name: string): (() => Stage) =>
  useStage({ name: process.env.ADO_CRASH_CLUSTER ?? name, kwok: 3 });

/** The project's cluster, with a kubelet and real containers: for files of `test/e2e/own`, beside which no operator runs. */
export const useRealStage = (): (() => Stage) => useStage({ name: CLUSTER_NAME });

function useStage(options: Parameters<typeof openCluster>[0]): () => Stage {
  let stage: Stage | undefined;
  beforeAll(async () => {
    const cluster = await openCluster(options);
    const kubectl = new Kubectl(cluster);
    await applyCrds((args, input) => kubectl.run(args, input));
    const { kubeconfig } = cluster;
    const prefix = `case-${randomBytes(3).toString('hex')}`;
    const folder = mkdtempSync(join(tmpdir(), 'ado-stage-'));
    const slots = new Slots(AT_ONCE);
    stage = { cluster, kubectl, kubeconfig, folder, client: clientOf(kubeconfig), slots, prefix };
  });
  afterAll(async () => {
    if (!stage) return;
    await stage.client.close();
    rmSync(stage.folder, { recursive: true, force: true });
  });
  return () => {
    if (!stage) throw new Error('the cluster is there only while tests run');
    return stage;
  };
}
