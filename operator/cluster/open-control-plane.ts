/** etcd and an API server on the loopback address for tests of the API: for any user, ready in seconds. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBinaries } from './build.ts';
import { CONTROL_PLANE } from './build-plan.ts';
import { ensureCertificates } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import { freePorts, startApiServer } from './control-plane.ts';
import { type ControlPlane, controlPlaneCertificates, serverUrl } from './control-plane-flags.ts';
import { ClusterError } from './errors.ts';
import { withLock } from './lock.ts';
import { daemonNames, killDaemons, runningDaemons, startDaemon } from './processes.ts';
import { type ProgressSink, runStep } from './progress.ts';
import { removeEmbedded } from './remove.ts';
import { clusterFolder, clusterLock, removeEmptyRoot, writeRecord } from './state.ts';

export interface ControlPlaneOptions {
  name: string;
  progress?: ProgressSink;
}

/**
 * Starts a new, empty API server of this name; an earlier one of the name is stopped first, whatever its state. Uses
 * the programs in KUBEBUILDER_ASSETS if that is set.
 */
export async function openControlPlane(options: ControlPlaneOptions): Promise<Cluster> {
  const { name, progress } = options;
  const folder = clusterFolder(name);
  const programs = assets(process.env.KUBEBUILDER_ASSETS) ?? (await ensureBinaries(CONTROL_PLANE, progress));
  return withLock(clusterLock(name), () =>
    runStep(progress, { title: `starting an API server (${name})`, expectedMs: 5000 }, async () => {
      await removeEmbedded(name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const plane: ControlPlane = { name, folder, ports: await freePorts(), address: '127.0.0.1', node: false };
      const shape = { controllers: false, node: false, simulatedNodes: 0 };
      writeRecord(folder, { version: 1, name, kind: 'embedded', shape, address: plane.address, ports: plane.ports });
      await ensureCertificates(join(folder, 'pki'), controlPlaneCertificates(plane));
      try {
        const client = await startApiServer(plane, programs, async (daemon) => void startDaemon(folder, daemon));
        client.close();
      } catch (error) {
        await killDaemons(folder, daemonNames(folder)); // the logs stay, until the next start under this name
        throw error;
      }
      return {
        name,
        kubeconfig: join(folder, 'kubeconfig'),
        kubectl: programs.kubectl,
        server: serverUrl(plane),
        auditLog: join(folder, 'audit.log'),
        processes: () => runningDaemons(folder),
        nodeReady: false,
        down: async () => {
          await withLock(clusterLock(name), () => removeEmbedded(name));
          removeEmptyRoot();
        },
      };
    }),
  );
}

type ControlPlaneAssets = Record<'etcd' | 'kube-apiserver' | 'kubectl', string>;

/** The programs in the folder KUBEBUILDER_ASSETS. @throws ClusterError if any is missing */
export function assets(folder: string | undefined): ControlPlaneAssets | undefined {
  if (folder === undefined || folder === '') return undefined;
  const path = (program: string) => join(folder, program);
  const missing = ['etcd', 'kube-apiserver', 'kubectl'].filter((program) => !existsSync(path(program)));
  if (missing.length > 0) {
    throw new ClusterError(
      `KUBEBUILDER_ASSETS is ${folder}, which lacks ${missing.join(', ')}.`,
      'Set it to a folder with etcd, kube-apiserver and kubectl, or unset it to build them.',
    );
  }
  return { etcd: path('etcd'), 'kube-apiserver': path('kube-apiserver'), kubectl: path('kubectl') };
}
