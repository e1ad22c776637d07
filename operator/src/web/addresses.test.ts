import { describe, expect, it } from 'vitest';
import { AddressGuard, CidrError } from './addresses.ts';

describe('addresses that the operator asks', () => {
  it.each(['93.184.216.34', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'may be %s, which is public',
    (address) => expect(new AddressGuard('Operator').allows(address)).toBe(true),
  );

  it.each([
    ['this host', '127.0.0.1'],
    ['this host, at another of its addresses', '127.8.7.6'],
    ['this host over IPv6', '::1'],
    ['this host as IPv4 inside IPv6', '::ffff:127.0.0.1'],
    ['this host in the old form of IPv4 inside IPv6', '::7f00:1'],
    ['no host', '0.0.0.0'],
    ['the credentials of a cloud', '169.254.169.254'],
    ['the credentials of a cloud inside IPv6', '::ffff:a9fe:a9fe'],
    ['the credentials of a cloud over IPv6', 'fd00:ec2::254'],
    ['the host of a virtual machine', '168.63.129.16'],
    ['the metadata of another cloud', '100.100.100.200'],
    ['a pod', '10.42.0.7'],
    ['a service', '10.96.0.1'],
    ['a node', '192.168.1.10'],
    ['a node of another network', '172.16.0.1'],
    ['a network behind a carrier', '100.64.0.1'],
    ['a link', 'fe80::1'],
    ['a private network over IPv6', 'fd12:3456::1'],
    ['a private network through NAT64', '64:ff9b::a00:1'],
    ['a private network through 6to4', '2002:a00:1::'],
    ['a group', '224.0.0.1'],
    ['a group over IPv6', 'ff02::1'],
    ['everybody', '255.255.255.255'],
    ['a test network', '198.18.0.1'],
    ['a private network in the form of translators', '::ffff:0:10.0.0.1'],
    ['a private network through NAT64 of its own', '64:ff9b:1::a00:1'],
    ['a private network through Teredo', '2001:0:808:808::f5ff:fffe'],
    ['this host through 6to4', '2002:7f00:1::1'],
    ['a private network through ISATAP', '2606:4700::5efe:a00:1'],
    ['a site', 'fec0::1'],
    ['no host over IPv6', '::'],
    ['a link of this host', 'fe80::1%eth0'],
    ['a public address with a zone', '2606:4700::1111%1'],
    ['no address', 'example.org'],
  ])('is never %s (%s)', (_name, address) => {
    expect(new AddressGuard('Operator').allows(address)).toBe(false);
  });

  it('may be of a range that the administrator allows, and of no other', () => {
    const guard = new AddressGuard('Operator', ['10.1.0.0/16', 'fd00::/8', '127.0.0.1/32']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1', '127.0.0.1'].map((address) => guard.allows(address))).toEqual(
      Array(4).fill(true),
    );
    expect(['10.2.0.1', '127.0.0.2', '169.254.169.254'].some((address) => guard.allows(address))).toBe(false);
  });

  it('are judged for what is inside of them also in a range that is allowed', () => {
    const guard = new AddressGuard('Operator', ['64:ff9b::/96']);
    expect(guard.allows('64:ff9b::808:808')).toBe(true);
    expect(guard.allows('64:ff9b::a9fe:a9fe')).toBe(false);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'fd00::/129', 'a/8', '10.0.0.0/', '10.0.0.0/-1', '/8'])(
    'refuses the range %j',
    (range) => {
      expect(() => new AddressGuard('Operator', [range])).toThrow(CidrError);
      expect(() => new AddressGuard('Operator', [range])).toThrow(`"${range}"`);
    },
  );
});

describe('addresses that a pod asks', () => {
  it('may be of the cluster and of private networks, but not where credentials are handed out', () => {
    const guard = new AddressGuard('Pod');
    expect(['10.96.0.1', '192.168.1.1', 'fd12::1', '8.8.8.8'].every((address) => guard.allows(address))).toBe(true);
    const odd = ['64:ff9b::a9fe:a9fe', '64:ff9b:1::a9fe:a9fe', '64:ff9b:1:a9fe:a9:fe00::', '2002:a9fe:a9fe::1'];
    const others = ['2001:0:808:808::5601:5601', '::ffff:169.254.169.254', '::169.254.169.254', 'fe80::1%eth0'];
    for (const address of ['169.254.169.254', '127.0.0.1', '::1', 'fe80::1', 'fd00:ec2::254', ...odd, ...others]) {
      expect(guard.allows(address), address).toBe(false);
    }
  });
});
