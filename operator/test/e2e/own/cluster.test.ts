/** @module-tag full */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../../cluster/cluster.ts';
import { must, run } from '../../../cluster/command.ts';
import { closeEmbedded, openEmbedded } from '../../../cluster/embedded.ts';
import { isAlive, type ProcessIdentity } from '../../../cluster/identity.ts';
import { HOLDER } from '../../../cluster/namespaces.ts';
import { type Link, linkOfAddress } from '../../../cluster/network-plan.ts';
import { daemonIdentity, daemonNames } from '../../../cluster/processes.ts';
import { clusterFolder } from '../../../cluster/state.ts';
import { clusterStatus } from '../../../cluster/status.ts';
import { until } from '../../../cluster/wait.ts';

const FIRST = 'ado-check-one';
const SECOND = 'ado-check-two';

/** A pod as Pod Security "restricted" wants it, which leaves its result in the termination message. */
const strictPod = (name: string, script: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'strict' },
  spec: {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: 'busybox:1.36',
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', script],
        terminationMessagePath: '/ado/outputs',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  },
});

const kubectl = (cluster: Cluster, args: string[], input?: string) =>
  must(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], input === undefined ? {} : { input });

async function runStrictPod(cluster: Cluster, name: string, script: string): Promise<void> {
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  };
  const objects = { apiVersion: 'v1', kind: 'List', items: [namespace, strictPod(name, script)] };
  await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify(objects));
  await kubectl(cluster, [
    'wait',
    '-n',
    'strict',
    `pod/${name}`,
    '--for=jsonpath={.status.phase}=Succeeded',
    '--timeout=45s',
  ]);
}

const pids = (name: string) => {
  const folder = clusterFolder(name);
  return Object.fromEntries(daemonNames(folder).map((daemon) => [daemon, daemonIdentity(folder, daemon)?.pid]));
};

const processesOf = (name: string): ProcessIdentity[] => {
  const folder = clusterFolder(name);
  return daemonNames(folder).flatMap((daemon) => daemonIdentity(folder, daemon) ?? []);
};

/** What of the two clusters can be seen on the machine, outside and inside their folders. */
async function traces(): Promise<string[]> {
  const devices = links.map((link) => link.device);
  const tables = (await must('nft', ['list', 'tables'])).split('\n').map((line) => line.split(' ').at(-1) ?? '');
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const cgroups = readdirSync('/sys/fs/cgroup').flatMap((hierarchy) =>
    [FIRST, SECOND].flatMap((name) => [`${hierarchy}/ado-${name}`, `ado-${name}`]),
  );
  return [
    ...readdirSync('/sys/class/net').filter((device) => devices.includes(device)),
    ...tables.filter((table) => devices.includes(table)).map((table) => `table ${table}`),
    ...mounts.filter((line) => line.includes('ado-check')),
    ...cgroups.filter((path) => existsSync(join('/sys/fs/cgroup', path))),
    ...[FIRST, SECOND].filter((name) => existsSync(clusterFolder(name))),
    ...processesInside(),
  ];
}

/** Processes in the networks of the clusters: daemons, shims and containers, whoever started them. */
function processesInside(): string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return networks.includes(readlinkSync(`/proc/${entry}/ns/net`));
    } catch {
      return false; // no process, or one that has ended
    }
  });
}

let links: Link[] = [];
let networks: string[] = [];
let first: Cluster;
let second: Cluster;

beforeAll(async () => {
  for (const name of [FIRST, SECOND]) await closeEmbedded(name);
  first = await openEmbedded({ name: FIRST });
  second = await openEmbedded({ name: SECOND });
});

afterAll(async () => {
  await first?.down();
  await second?.down();
});

describe('the embedded cluster', () => {
  it('is left as it is by a second up', async () => {
    const running = pids(FIRST);
    const again = await openEmbedded({ name: FIRST });
    expect(pids(FIRST)).toEqual(running);
    expect(again.server).toBe(first.server);
    expect((await clusterStatus(FIRST))?.whole).toBe(true);
  });

  it('runs pods under Pod Security "restricted" beside another cluster, each with its own names, logs and results', async () => {
    const script = 'nslookup kubernetes.default.svc.cluster.local | grep 10.96.0.1 && echo digest=abc > /ado/outputs';
    await Promise.all([first, second].map((cluster) => runStrictPod(cluster, 'same-name', script)));
    for (const cluster of [first, second]) {
      const message = 'jsonpath={.status.containerStatuses[0].state.terminated.message}';
      expect(await kubectl(cluster, ['get', '-n', 'strict', 'pod/same-name', '-o', message])).toBe('digest=abc\n');
      expect(await kubectl(cluster, ['logs', '-n', 'strict', 'same-name'])).toContain('10.96.0.1');
    }
    expect(first.server).not.toBe(second.server);
  });

  it('writes an audit log of every request', () => {
    const lines = readFileSync(first.auditLog ?? '', 'utf8')
      .trim()
      .split('\n')
      .slice(0, 50);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ kind: 'Event', level: 'Metadata' });
  });

  it('comes back after all its processes were killed, with what was in it', async () => {
    for (const killed of processesOf(SECOND)) if (isAlive(killed)) process.kill(killed.pid, 'SIGKILL');
    await until(
      () => (processesOf(SECOND).some(isAlive) ? undefined : true),
      10_000,
      () => new Error('the processes do not end'),
    );
    expect((await clusterStatus(SECOND))?.whole).toBe(false);
    second = await openEmbedded({ name: SECOND });
    expect((await clusterStatus(SECOND))?.whole).toBe(true);
    expect(await kubectl(second, ['get', 'namespaces', '-o', 'name'])).toContain('namespace/strict');
    await runStrictPod(second, 'after', 'echo digest=def > /ado/outputs');
  });

  it('leaves nothing behind when it is down, and the other one alone', async () => {
    links = [first, second].map((cluster) => linkOfAddress(new URL(cluster.server).hostname)!);
    networks = [FIRST, SECOND].map((name) => readlinkSync(`/proc/${pids(name)[HOLDER]}/ns/net`));
    expect((await traces()).length).toBeGreaterThan(20);
    await second.down();
    expect((await run(first.kubectl, ['--kubeconfig', first.kubeconfig, 'get', '--raw', '/readyz'])).code).toBe(0);
    await first.down();
    expect(await traces()).toEqual([]);
    await first.down();
  });
});
