import { describe, expect, it } from 'vitest';
import { chooseLink, linkOf, linkOfAddress, natRules, upstreamNameServers } from './network-plan.ts';

describe('the link of a cluster', () => {
  it('is the same for the same name', () => {
    expect(chooseLink('ado', new Set())).toEqual(chooseLink('ado', new Set()));
  });

  it('is a different one when the first is taken', () => {
    const first = chooseLink('ado', new Set())!;
    const second = chooseLink('ado', new Set([first.nodeAddress]))!;
    expect(second.nodeAddress).not.toBe(first.nodeAddress);
    expect(second.device).not.toBe(first.device);
  });

  it('is undefined when all are taken', () => {
    const taken = new Set(Array.from({ length: 256 }, (_, slot) => linkOf(slot).nodeAddress));
    expect(chooseLink('ado', taken)).toBeUndefined();
  });

  it('is found by its address, and other addresses have none', () => {
    expect(linkOfAddress('10.213.7.2')).toEqual(linkOf(7));
    for (const address of ['10.213.7.1', '10.213.256.2', '127.0.0.1', ''])
      expect(linkOfAddress(address)).toBeUndefined();
  });

  it('has a device name that the kernel accepts', () => {
    expect(linkOf(255).device.length).toBeLessThanOrEqual(15);
  });

  it('masquerades outgoing traffic with the address of the machine', () => {
    expect(natRules(linkOf(7))).toContain('ip saddr 10.213.7.0/30 oifname != "ado-7" masquerade');
  });
});

it('uses only name servers that the link of a cluster reaches', () => {
  const text =
    '# made by x\nsearch lan\nnameserver 127.0.0.53\nnameserver 192.0.2.1\n nameserver ::1\nnameserver 2001:db8::1\n';
  expect(upstreamNameServers(text)).toEqual(['192.0.2.1']);
});
