/** Starts the programs of a node in a cluster's namespaces: containerd first, the others once the API answers. */
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { type ApiClient, apply } from './api-client.ts';
import type { Start } from './control-plane.ts';
import { type ProcessIdentity, uptimeMs } from './identity.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import {
  CONTAINERD_SOCKET,
  cniConfig,
  containerdConfig,
  corefile,
  dnsObjects,
  kubeletConfig,
  kubeletFlags,
  kubeProxyConfig,
  type Node,
  nodeName,
} from './node-config.ts';
import { assertAlive, daemonIdentity, notInTime } from './processes.ts';
import { writeWhole } from './state.ts';
import { provisionerConfig, provisionerFlags, storageObjects } from './storage.ts';
import { until } from './wait.ts';

/** Starts containerd and waits until it answers on its socket. */
export async function startContainerd(
  node: Node,
  holder: ProcessIdentity,
  program: string,
  start: Start,
): Promise<void> {
  const config = (file: string) => join(node.folder, 'config', file);
  writeWhole(config('containerd.toml'), containerdConfig(node));
  writeWhole(config('cni/10-ado.conflist'), JSON.stringify(cniConfig(node), null, 2));
  await start({ name: 'containerd', program, args: [`--config=${config('containerd.toml')}`] });
  const socket = `/proc/${holder.pid}/root${CONTAINERD_SOCKET}`;
  await until(
    async () => {
      assertAlive(node.folder, 'containerd');
      return (await answers(socket)) || undefined;
    },
    30_000,
    () => notInTime('containerd does not answer', node.folder),
  );
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export interface NodePrograms {
  kubelet: string;
  'kube-proxy': string;
  coredns: string;
  'local-path-provisioner': string;
}

/** Starts kubelet, kube-proxy, CoreDNS and the volume provisioner. containerd and the API server must be ready. */
export async function startNode(
  node: Node,
  api: { client: ApiClient; server: string },
  programs: NodePrograms,
  start: Start,
): Promise<void> {
  const config = (file: string) => join(node.folder, 'config', file);
  for (const file of ['kubelet', 'kube-proxy', 'coredns']) {
    writeKubeconfig(node.folder, config(`${file}.kubeconfig`), node.cluster, api.server, file);
  }
  writeWhole(config('kubelet.json'), JSON.stringify(kubeletConfig(node), null, 2));
  writeWhole(config('kube-proxy.json'), JSON.stringify(kubeProxyConfig(node), null, 2));
  writeWhole(config('Corefile'), corefile(node));
  await start({ name: 'kubelet', program: programs.kubelet, args: kubeletFlags(node) });
  await start({ name: 'kube-proxy', program: programs['kube-proxy'], args: [`--config=${config('kube-proxy.json')}`] });
  for (const [path, object] of dnsObjects(node)) await apply(api.client, path, object);
  await start({ name: 'coredns', program: programs.coredns, args: ['-conf', config('Corefile')] });
  writeWhole(config('local-path.json'), provisionerConfig(node));
  for (const [path, object] of storageObjects(node)) await apply(api.client, path, object);
  const args = provisionerFlags(node, config('local-path.json'));
  await start({ name: 'local-path-provisioner', program: programs['local-path-provisioner'], args });
}

/**
 * Waits until pods can be created and start: the current kubelet has reported the node as Ready, the node has no
 * startup taint, and the namespace `default` has its service account.
 */
export async function nodeIsReady(node: Node, client: ApiClient): Promise<void> {
  const daemons = [
    'containerd',
    'kubelet',
    'kube-proxy',
    'coredns',
    'local-path-provisioner',
    'kube-controller-manager',
    'kube-scheduler',
  ];
  const kubelet = daemonIdentity(node.folder, 'kubelet');
  const since = kubelet === undefined ? 0 : Date.now() - uptimeMs(kubelet);
  await until(
    async () => {
      for (const name of daemons) assertAlive(node.folder, name);
      const account = await client.send('GET', '/api/v1/namespaces/default/serviceaccounts/default');
      const answer = await client.send('GET', `/api/v1/nodes/${nodeName(node.cluster)}`);
      return account.status === 200 && answer.status === 200 && isReady(JSON.parse(answer.body), since)
        ? true
        : undefined;
    },
    120_000,
    () => notInTime('The node is not Ready after 120 s', node.folder),
    100,
  );
}

export interface NodeObject {
  spec?: { taints?: { key: string }[] };
  status?: { conditions?: { type: string; status: string; lastHeartbeatTime?: string }[] };
}

/**
 * Whether pods can start on the node, by the conditions that its kubelet has reported since `since` (ms of the epoch;
 * the server stores whole seconds). Pure.
 */
export function isReady(node: NodeObject, since = 0): boolean {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  const tainted = node.spec?.taints?.some((taint) => taint.key.startsWith('node.kubernetes.io/'));
  const said = Date.parse(ready?.lastHeartbeatTime ?? '1970-01-01T00:00:00Z');
  return ready?.status === 'True' && said >= since - 1000 && tainted !== true;
}
