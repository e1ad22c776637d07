/** Once for all files of a step: the cluster of the project with Ado installed in it, and no admission. */
import { type Cluster, openCluster, streamProgress } from '../../cluster/index.ts';
import { removeAdmission } from './admission.ts';
import { CLUSTER_NAME, installManifests, Kubectl } from './installation.ts';

/** The cluster as every step wants it at its start. */
export async function openInstalled(): Promise<{ cluster: Cluster; kubectl: Kubectl }> {
  const cluster = await openCluster({ name: CLUSTER_NAME, progress: streamProgress(process.stderr) });
  const kubectl = new Kubectl(cluster);
  await installManifests(kubectl);
  await removeAdmission(kubectl);
  return { cluster, kubectl };
}

export async function setup(): Promise<void> {
  await openInstalled();
}
