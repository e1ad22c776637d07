import { BlockList, isIP } from 'node:net';
import { embeddedIn } from './embedded.ts';

/** A range that cannot be used; the message names it and the remedy. */
export class CidrError extends Error {
  override readonly name = 'CidrError';
}

/** The origin of a request: the operator, with its place in the cluster, or a pod, which its user could create as well. */
export type Reach = 'Operator' | 'Pod';

/** This host, its links, and the addresses at which clouds hand out credentials: no request may reach them. */
const NEVER = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '255.255.255.255/32',
  '::/96',
  '::ffff:0:0:0/96',
  'fe80::/10',
  'fec0::/10',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
];

/** Everything outside of the public Internet: nodes, pods and services of clusters, private networks, tunnels into them. */
const NOT_PUBLIC = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'ff00::/8',
];

const MAX_CIDRS = 100;

/**
 * Judges addresses, never names: a name may lead anywhere. IPv4 inside of IPv6 (::ffff:10.0.0.1, NAT64, 6to4, Teredo) is
 * judged as well, also in a range that is allowed. An address with a zone is of a link of this host, and is refused.
 */
export class AddressGuard {
  readonly #refused: BlockList;
  readonly #allowed: BlockList;

  /** @throws CidrError when a range is none, or there are too many */
  constructor(reach: Reach, allowed: readonly string[] = []) {
    if (allowed.length > MAX_CIDRS)
      throw new CidrError(`${allowed.length} ranges are more than ${MAX_CIDRS}; join some`);
    this.#refused = listOf(reach === 'Pod' ? NEVER : [...NEVER, ...NOT_PUBLIC]);
    this.#allowed = listOf(allowed);
  }

  allows(address: string): boolean {
    if (isIP(address) === 0 || address.includes('%')) return false;
    return this.#judge(address) && embeddedIn(address).every((inner) => this.#judge(inner));
  }

  #judge(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return this.#allowed.check(address, family) || !this.#refused.check(address, family);
  }
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    const version = isIP(address);
    const isPrefix = /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32);
    if (version === 0 || !isPrefix)
      throw new CidrError(`"${range}" is no range of addresses; write it like 10.0.0.0/8`);
    list.addSubnet(address, Number(bits), version === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
