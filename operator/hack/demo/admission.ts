import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { IN_CLUSTER, policies, webhooks } from '../generate/admission.ts';
import type { Kubectl } from '../kubectl.ts';

/**
 * Makes the API server ask the admission webhook of an operator on this machine. Returns the flags of that operator: none
 * where the cluster cannot reach this machine, and there nobody vouches for what is said about people.
 */
export async function installAdmission(
  kubectl: Kubectl,
  folder: string,
  hostAddress: string | undefined,
): Promise<readonly string[]> {
  if (hostAddress === undefined) return [];
  const address = `${hostAddress}:${await freePort(hostAddress)}`;
  const settings = { ...IN_CLUSTER, reach: { url: `https://${address}` } };
  const items = [...policies(settings), ...webhooks(settings)];
  const file = join(folder, 'admission.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl.run('apply', '--server-side', '--force-conflicts', '-f', file);
  return ['--admission-address', address, '--admission-url', settings.reach.url];
}

/** Takes away what an earlier demo installed, as the API server would ask a webhook that is not there. */
export async function removeAdmission(kubectl: Kubectl): Promise<void> {
  const kinds = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'];
  const policies = ['validatingadmissionpolicybinding', 'validatingadmissionpolicy'];
  const ours = ['-l', 'app.kubernetes.io/name=ado', '--ignore-not-found'];
  await kubectl.run('delete', [...kinds, ...policies].join(','), ...ours);
}

/** A port of this machine that nobody uses now. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
