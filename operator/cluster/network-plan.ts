/** Addresses and names of a cluster's link to the machine. Pure. */
import { createHash } from 'node:crypto';

/** A pair of interfaces with their own network, one on the machine and one in the cluster. */
export interface Link {
  /** Interface and nft table on the machine: at most 15 characters, so it is numbered, not named. */
  device: string;
  /** The machine's end: gateway of the cluster, and the address of webhooks on this machine for its API server. */
  hostAddress: string;
  /** The cluster's end: address of the API server, the node and the DNS server. */
  nodeAddress: string;
  network: string;
}

const SLOTS = 256;

export function linkOf(slot: number): Link {
  return {
    device: `ado-${slot}`,
    hostAddress: `10.213.${slot}.1`,
    nodeAddress: `10.213.${slot}.2`,
    network: `10.213.${slot}.0/30`,
  };
}

/** The link whose cluster end this is; undefined for other addresses. */
export function linkOfAddress(nodeAddress: string): Link | undefined {
  const slot = /^10\.213\.(\d{1,3})\.2$/.exec(nodeAddress)?.[1];
  return slot === undefined || Number(slot) >= SLOTS ? undefined : linkOf(Number(slot));
}

/**
 * The link of a cluster: the same for the same name while it is free, so that a recreated kubeconfig is often the same.
 * `taken`: node addresses of other clusters. Undefined when all are taken.
 */
export function chooseLink(name: string, taken: ReadonlySet<string>): Link | undefined {
  const first = createHash('sha256').update(name).digest().readUInt8(0);
  for (let step = 0; step < SLOTS; step += 1) {
    const link = linkOf((first + step) % SLOTS);
    if (!taken.has(link.nodeAddress)) return link;
  }
  return undefined;
}

/** nft rules of the machine: traffic from a cluster leaves with the machine's own address. */
export function natRules(link: Link): string {
  return [
    `table ip ${link.device} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat;',
    `    ip saddr ${link.network} oifname != "${link.device}" masquerade`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** nft rules of the node: traffic of pods leaves with the address of the node. */
export function podRules(pods: string): string {
  return [
    'table ip ado-pods {',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat;',
    `    ip saddr ${pods} ip daddr != ${pods} masquerade`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/** Name servers that a cluster can reach: not on the loopback address, and IPv4 only, like its link. */
export function upstreamNameServers(resolvConf: string): string[] {
  return resolvConf
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address): address is string => address !== undefined)
    .filter((address) => !address.startsWith('127.') && !address.includes(':'))
    .slice(0, 3);
}
