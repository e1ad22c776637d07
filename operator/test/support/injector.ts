/** A mutating webhook that puts containers into pods, as a mesh does: a pod says by its label `inject` which. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issueAuthority, issueServing } from '../../src/admission/certificates.ts';
import type { Container, Pod } from '../../src/pods/pod.ts';
import type { InstalledStage } from './e2e.ts';
import type { Kubectl } from './installation.ts';
import { IMAGE } from './manifests.ts';
import { waitFor } from './wait-for.ts';

const DAY_MS = 86_400_000;
const MAX_BODY = 4 * 1024 * 1024;

const RESTRICTED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const container = (name: string, run: string, more: Partial<Container> = {}): Container => ({
  ...{ name, image: IMAGE, command: ['sh', '-c', run], securityContext: RESTRICTED },
  ...{ terminationMessagePolicy: 'FallbackToLogsOnError', ...more },
});

/** An image that no registry has. */
export const NO_IMAGE = 'localhost:1/no/such-proxy:1';

/** What can be injected. */
const INJECTED: Readonly<Record<string, Pick<Partial<Pod['spec']>, 'containers' | 'initContainers'>>> = {
  proxy: { containers: [container('proxy', 'trap "exit 0" TERM; while :; do sleep 0.2; done')] },
  'failing-init': { initContainers: [container('mesh-init', 'echo "no iptables here"; exit 3')] },
  'unpullable-init': { initContainers: [container('mesh-init', 'true', { image: NO_IMAGE })] },
};

interface Review {
  readonly request: { readonly uid: string; readonly object: Pod };
}

/** The answer to a review: the containers come before those of the pod. */
function answer({ request: { uid, object } }: Review): unknown {
  const { containers = [], initContainers = [] } = INJECTED[object.metadata.labels?.inject ?? ''] ?? {};
  const patch = [
    ...containers.map((value) => ({ op: 'add', path: '/spec/containers/0', value })),
    ...(initContainers.length > 0
      ? [{ op: 'add', path: '/spec/initContainers', value: [...initContainers, ...(object.spec.initContainers ?? [])] }]
      : []),
  ];
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
  const response = { uid, allowed: true, patchType: 'JSONPatch', patch: encoded };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

/** Serves the webhook and has the API server ask it of pods with the label; returns what takes both away. */
export async function injectIntoPods({ cluster, kubectl }: InstalledStage): Promise<() => Promise<void>> {
  const host = cluster.hostAddress ?? '127.0.0.1';
  const until = Date.now() + DAY_MS;
  const authority = await issueAuthority(Date.now() - DAY_MS, until);
  const serving = await issueServing(authority, [host], Date.now() - DAY_MS, until);
  const server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
      if (body.length > MAX_BODY) request.destroy();
    });
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer(JSON.parse(body) as Review)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const name = `inject-${port}`;
  await kubectl.run(['create', '-f', '-'], {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'inject.example.com',
        clientConfig: {
          url: `https://${host}:${port}/`,
          caBundle: Buffer.from(authority.certificate).toString('base64'),
        },
        objectSelector: { matchExpressions: [{ key: 'inject', operator: 'Exists' }] },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        failurePolicy: 'Fail',
      },
    ],
  });
  await waitFor('the API server asks the webhook', () => isAsked(kubectl));
  return async () => {
    await kubectl.run(['delete', 'mutatingwebhookconfiguration', name, '--ignore-not-found']);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

/** It hears of a new configuration a moment later. */
async function isAsked(kubectl: Kubectl): Promise<boolean> {
  const probe = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', namespace: 'default', labels: { inject: 'proxy' } },
    spec: { containers: [{ name: 'main', image: IMAGE }] },
  };
  const { code, stdout } = await kubectl.try(['create', '--dry-run=server', '-o', 'json', '-f', '-'], probe);
  return code === 0 && (JSON.parse(stdout) as Pod).spec.containers.length === 2;
}
