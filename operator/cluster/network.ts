/** Connects a cluster's network namespace to the machine, and disconnects it. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, run } from './command.ts';
import { POD_CIDR } from './control-plane-flags.ts';
import { type Link, natRules, podRules, upstreamNameServers } from './network-plan.ts';
import { stateRoot } from './state.ts';
import { until } from './wait.ts';

const FORWARD = '/proc/sys/net/ipv4/ip_forward';
const forwardNote = () => join(stateRoot(), '.ip-forward-was-off');

/** Creates the link into the namespaces of process `holder`, and routes its traffic out of the machine. */
export async function connect(link: Link, holder: number): Promise<void> {
  const { device, hostAddress, nodeAddress } = link;
  await disconnectDevice(device);
  const mtu = String(await outwardMtu());
  const inside = (...args: string[]) => must('nsenter', [`--net=/proc/${holder}/ns/net`, ...args]);
  await must('ip', [
    'link',
    'add',
    device,
    'mtu',
    mtu,
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'mtu',
    mtu,
    'netns',
    String(holder),
  ]);
  await must('ip', ['address', 'add', `${hostAddress}/30`, 'dev', device]);
  await must('ip', ['link', 'set', device, 'up']);
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'address', 'add', `${nodeAddress}/30`, 'dev', 'eth0');
  await inside('ip', 'link', 'set', 'eth0', 'up');
  await inside('ip', 'route', 'add', 'default', 'via', hostAddress);
  await run('modprobe', ['br_netfilter']); // may fail, because it is often built in or already loaded
  const bridge = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  await inside('sh', '-c', `echo 1 > ${FORWARD}; if [ -e ${bridge} ]; then echo 1 > ${bridge}; fi`);
  await must('nsenter', [`--net=/proc/${holder}/ns/net`, 'nft', '-f', '-'], { input: podRules(POD_CIDR) });
  await must('nft', ['-f', '-'], { input: natRules(link) });
  if (readFileSync(FORWARD, 'utf8').trim() === '0') {
    writeFileSync(forwardNote(), '');
    writeFileSync(FORWARD, '1');
  }
}

/** Undoes `connect`; harmless when there is nothing to undo. */
export async function disconnect(link: Link): Promise<void> {
  await disconnectDevice(link.device);
  const left = readdirSync('/sys/class/net').some((device) => /^ado-\d+$/.test(device));
  if (left || !existsSync(forwardNote())) return;
  writeFileSync(FORWARD, '0');
  rmSync(forwardNote(), { force: true });
}

async function disconnectDevice(device: string): Promise<void> {
  await run('nft', ['delete', 'table', 'ip', device]);
  await run('ip', ['link', 'delete', device]);
  await until(
    () => (existsSync(`/sys/class/net/${device}`) ? undefined : true),
    10_000,
    () => new Error(`the network device ${device} cannot be removed; try: ip link delete ${device}`),
  );
}

/** MTU of the default route: a larger one in the cluster would lose large packets if ICMP is filtered. */
export async function outwardMtu(): Promise<number> {
  const routes = await run('ip', ['-o', 'route', 'show', 'default']);
  const device = /\bdev (\S+)/.exec(routes.stdout)?.[1];
  if (device === undefined) return 1500;
  return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8'));
}

/** The machine's name servers as a resolv.conf for the cluster; a local stub is replaced by its upstream servers. */
export function clusterResolvConf(): string {
  for (const path of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    if (!existsSync(path)) continue;
    const servers = upstreamNameServers(readFileSync(path, 'utf8'));
    if (servers.length > 0) return servers.map((server) => `nameserver ${server}\n`).join('');
  }
  return '';
}
