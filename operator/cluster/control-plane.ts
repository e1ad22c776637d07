/** Starts etcd, the API server, the controller-manager and the scheduler, on the host or in a cluster's namespaces. */
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { type ApiClient, adminClient } from './api-client.ts';
import {
  AUDIT_POLICY,
  apiServerFlags,
  type ControlPlane,
  controllerManagerFlags,
  etcdFlags,
  schedulerFlags,
  serverUrl,
} from './control-plane-flags.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { assertAlive, type Daemon, notInTime } from './processes.ts';
import { type Ports, writeWhole } from './state.ts';
import { until } from './wait.ts';

/** Starts a daemon on the host or in the cluster's namespaces. */
export type Start = (daemon: Daemon) => Promise<void>;

export interface ControlPlanePrograms {
  etcd: string;
  'kube-apiserver': string;
}

/** Free ports. All are held until the last is found, so that they differ. */
export async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(
    Array.from(
      { length: 6 },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [api, etcd, etcdPeer, controllerManager, scheduler, kwok] = ports as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { api, etcd, etcdPeer, controllerManager, scheduler, kwok };
}

/**
 * Starts etcd and the API server and waits until it is ready. Returns a client with all rights; the caller closes it.
 */
export async function startApiServer(
  plane: ControlPlane,
  programs: ControlPlanePrograms,
  start: Start,
): Promise<ApiClient> {
  const { folder } = plane;
  writeWhole(join(folder, 'config', 'audit-policy.json'), JSON.stringify(AUDIT_POLICY));
  writeKubeconfig(folder, join(folder, 'kubeconfig'), plane.name, serverUrl(plane), 'admin');
  await start({ name: 'etcd', program: programs.etcd, args: etcdFlags(plane) });
  await start({ name: 'kube-apiserver', program: programs['kube-apiserver'], args: apiServerFlags(plane) });
  const client = adminClient(folder, serverUrl(plane));
  try {
    await until(
      async () => {
        for (const name of ['etcd', 'kube-apiserver']) assertAlive(folder, name);
        return (await client.send('GET', '/readyz')).status === 200 ? true : undefined;
      },
      90_000,
      () => notInTime('The API server is not ready after 90 s', folder),
    );
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
}

export async function startControllers(
  plane: ControlPlane,
  programs: { 'kube-controller-manager': string; 'kube-scheduler': string },
  start: Start,
): Promise<void> {
  for (const file of ['controller-manager', 'scheduler']) {
    writeKubeconfig(
      plane.folder,
      join(plane.folder, 'config', `${file}.kubeconfig`),
      plane.name,
      serverUrl(plane),
      file,
    );
  }
  const manager = programs['kube-controller-manager'];
  await start({ name: 'kube-controller-manager', program: manager, args: controllerManagerFlags(plane) });
  await start({ name: 'kube-scheduler', program: programs['kube-scheduler'], args: schedulerFlags(plane) });
}

/** Resolves when something listens on the port. */
export function listening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: 1000 });
    const answer = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
  });
}
