/** The admission webhook for an operator that runs outside of the cluster, as its generator writes it. */
import type { Cluster } from '../../cluster/index.ts';
import { IN_CLUSTER, policies, webhooks } from '../../hack/generate/admission.ts';
import { API_VERSION, type Signal } from '../../src/api/index.ts';
import type { Kubectl } from './installation.ts';
import { freePort } from './operator-process.ts';
import { waitFor } from './wait-for.ts';

/** What makes the API server ask the webhook, then what it judges by itself. */
export const ADMISSION_KINDS = [
  'mutatingwebhookconfiguration',
  'validatingwebhookconfiguration',
  'validatingadmissionpolicybinding',
  'validatingadmissionpolicy',
];

/** Installs policies and webhook, and returns the flags of the operator that serves it. */
export async function installAdmission(cluster: Cluster, kubectl: Kubectl): Promise<string[]> {
  const host = cluster.hostAddress ?? '127.0.0.1';
  const address = `${host}:${await freePort()}`;
  const url = `https://${address}`;
  await applyAdmission(kubectl, url);
  return ['--admission-address', address, '--admission-url', url];
}

/** Applies what makes the API server ask the webhook at this address. */
export async function applyAdmission(kubectl: Kubectl, url: string): Promise<void> {
  const settings = { ...IN_CLUSTER, reach: { url } };
  const items = [...policies(settings), ...webhooks(settings)];
  const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
  await kubectl.run(apply, { apiVersion: 'v1', kind: 'List', items });
}

/** Takes policies and webhook away, or only some of these kinds. */
export async function removeAdmission(kubectl: Kubectl, kinds: readonly string[] = ADMISSION_KINDS): Promise<void> {
  await kubectl.run(['delete', kinds.join(','), '-l', 'app.kubernetes.io/name=ado', '--ignore-not-found']);
}

/** Takes away only the webhook: the policies stay. */
export const removeWebhook = (kubectl: Kubectl) => removeAdmission(kubectl, ADMISSION_KINDS.slice(0, 2));

const probe = (sender?: string) => ({
  apiVersion: API_VERSION,
  kind: 'Signal',
  metadata: { name: 'probe', namespace: 'default' },
  spec: { type: 'Data', run: 'probe', name: 'probe', ...(sender ? { sender: { username: sender } } : {}) },
});

/** Waits until the API server asks the webhook: it hears of new configurations a moment later. */
export async function admissionIsInForce(kubectl: Kubectl): Promise<void> {
  await waitFor('the API server asks the webhook', async () => (await tried(kubectl)).sender !== undefined);
  await policiesAreInForce(kubectl);
}

/** Waits until the API server no longer asks the webhook. */
export async function webhookIsGone(kubectl: Kubectl): Promise<void> {
  await waitFor('the API server asks no webhook', async () => {
    const { code, sender } = await tried(kubectl);
    return code === 0 && sender === undefined;
  });
}

/** Waits until the policies are compiled. */
export async function policiesAreInForce(kubectl: Kubectl): Promise<void> {
  await waitFor('the API server knows the policies', async () => {
    const { code } = await kubectl.try(['create', '--dry-run=server', '-f', '-'], probe('somebody-else'));
    return code !== 0;
  });
}

async function tried(kubectl: Kubectl) {
  const { code, stdout } = await kubectl.try(['create', '--dry-run=server', '-o', 'json', '-f', '-'], probe());
  const { sender }: Partial<Signal['spec']> = code === 0 ? (JSON.parse(stdout) as Signal).spec : {};
  return { code, sender };
}
