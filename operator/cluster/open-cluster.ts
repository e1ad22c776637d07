/** Opens and closes clusters of every kind. */
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
 * Opens a cluster, in this order of preference: the user's context, kind with a Docker engine, the embedded cluster. An
 * existing cluster of the name keeps its kind. Throws ClusterError with the remedy when the machine lacks something.
 */
export async function openCluster(options: OpenOptions): Promise<Cluster> {
  const { name, context, progress } = options;
  if (context !== undefined) return openContext(context, progress);
  const existing = readRecord(clusterFolder(name))?.kind;
  const choice = existing ?? chooseCluster(options, await dockerEngineAnswers());
  return choice === 'kind' ? openKind(name, progress) : openEmbedded(options, progress);
}

/** Stops the cluster of this name and removes all of its files. Harmless when there is none. */
export async function closeCluster(name: string): Promise<void> {
  const folder = clusterFolder(name);
  if (!existsSync(folder)) return;
  const remove = readRecord(folder)?.kind === 'kind' ? removeKind : removeEmbedded;
  await withLock(clusterLock(name), () => remove(name));
  removeEmptyRoot();
}

/** Loads the images of an archive into the cluster's nodes. Returns a message for the user. */
export async function loadImages(name: string, archive: string): Promise<string> {
  const folder = clusterFolder(name);
  const record = readRecord(folder);
  if (record?.kind === 'kind') return loadIntoKind(name, archive);
  const holder = daemonIdentity(folder, HOLDER);
  if (record === undefined || holder === undefined || !daemonAlive(folder, HOLDER)) {
    throw new ClusterError(
      `The cluster ${name} has no running node.`,
      `Start it: npm run cluster -- up --name ${name}`,
    );
  }
  return importImages(folder, holder, resolve(archive));
}
