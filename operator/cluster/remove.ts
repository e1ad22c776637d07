/** Removes an embedded cluster in any state: processes, network, cgroups and folder, in this order. */
import { rmSync } from 'node:fs';
import { removeCgroups } from './cgroups.ts';
import { endStrayNamespaces, HOLDER } from './namespaces.ts';
import { disconnect } from './network.ts';
import { linkOfAddress } from './network-plan.ts';
import { daemonNames, killDaemons } from './processes.ts';
import { clusterFolder, readRecord } from './state.ts';

/** Removes everything of a cluster. Harmless when there is nothing. The caller holds the cluster's lock. */
export async function removeEmbedded(name: string): Promise<void> {
  const folder = clusterFolder(name);
  const record = readRecord(folder);
  // The holder first: its end kills everything inside, and nothing inside can start anything afterwards.
  const names = daemonNames(folder).sort((a, b) => Number(b === HOLDER) - Number(a === HOLDER));
  await killDaemons(folder, names);
  await endStrayNamespaces(folder);
  const link = linkOfAddress(record?.address ?? '');
  if (link !== undefined) await disconnect(link);
  if (process.getuid?.() === 0) await removeCgroups(name);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
