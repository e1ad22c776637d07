/** The one way to a cluster, whichever kind it turns out to be. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ClusterOptions, chooseCluster } from './choose.ts';
import type { Cluster } from './cluster.ts';
import { openContext } from './context.ts';
import { openEmbedded } from './embedded.ts';
import { ClusterError } from './errors.ts';
import { importImages } from './images.ts';
import { dockerEngineAnswers, loadIntoKind, openKind, removeKind } from './kind.ts';
import { withLock } from './lock.ts';
import { HOLDER } from './namespaces.ts';
import { daemonAlive, daemonIdentity } from './processes.ts';
import type { ProgressSink } from './progress.ts';
import { removeEmbedded } from './remove.ts';
import { clusterFolder, clusterLock, readRecord, removeEmptyRoot } from './state.ts';

export interface OpenOptions extends ClusterOptions {
  progress?: ProgressSink;
}

/**
 * Opens a whole cluster, by this order: the user's context, a Docker engine's kind, the embedded cluster. A cluster
 * that exists under the name stays what it is. Throws ClusterError with the remedy when the machine lacks something.
 */
export async function openCluster(options: OpenOptions): Promise<Cluster> {
  const { name, context, progress } = options;
  if (context !== undefined) return openContext(context, progress);
  const existing = readRecord(clusterFolder(name))?.kind;
  const choice = existing ?? chooseCluster(options, await dockerEngineAnswers());
  return choice === 'kind' ? openKind(name, progress) : openEmbedded(options, progress);
}

/** Ends the cluster of this name and removes all that it made. Harmless when there is none. */
export async function closeCluster(name: string): Promise<void> {
  const folder = clusterFolder(name);
  if (!existsSync(folder)) return;
  const remove = readRecord(folder)?.kind === 'kind' ? removeKind : removeEmbedded;
  await withLock(clusterLock(name), () => remove(name));
  removeEmptyRoot();
}

/** Gives the images of an archive to the cluster's nodes. Returns what was loaded, for a person. */
export async function loadImages(name: string, archive: string): Promise<string> {
  const folder = clusterFolder(name);
  const record = readRecord(folder);
  if (record?.kind === 'kind') return loadIntoKind(name, archive);
  const holder = daemonIdentity(folder, HOLDER);
  if (record === undefined || holder === undefined || !daemonAlive(folder, HOLDER)) {
    throw new ClusterError(
      `The cluster ${name} has no node that runs.`,
      `Start it: npm run cluster -- up --name ${name}`,
    );
  }
  return importImages(folder, holder, resolve(archive));
}
