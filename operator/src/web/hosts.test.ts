import { describe, expect, it } from 'vitest';
import { HostList, HostPatternError } from './hosts.ts';

describe('the list of hosts', () => {
  const list = new HostList(['api.example.org', '*.apps.example.net', '192.0.2.1', '2001:db8::1', 'Upper.Example']);

  it.each([
    'api.example.org',
    'API.example.org.',
    'a.apps.example.net',
    'a.b.apps.example.net',
    '192.0.2.1',
    '[2001:db8::1]',
    'upper.example',
  ])('has %s', (host) => expect(list.has(new URL(`https://${host}/`))).toBe(true));

  it.each([
    'example.org',
    'x.api.example.org',
    'apps.example.net',
    'evilapps.example.net',
    'api.example.org.evil',
    '192.0.2.2',
    'api.example.org:8443',
    'a.apps.example.net:80',
    '[2001:db8::1]:444',
  ])('does not have %j', (host) => expect(list.has(new URL(`https://${host}/`))).toBe(false));

  it.each([
    ['a.example', ['http://a.example/', 'https://a.example', 'https://a.example:443/'], ['http://a.example:443/']],
    [
      'a.example:8443',
      ['https://a.example:8443', 'http://a.example:8443'],
      ['https://a.example', 'https://a.example:84'],
    ],
    ['a.example:443', ['https://a.example/'], ['http://a.example/']],
    ['a.example:*', ['https://a.example/', 'http://a.example:1/'], ['https://b.example/']],
    ['*.b.example:81', ['http://a.b.example:81'], ['http://a.b.example', 'http://b.example:81']],
    ['[2001:DB8:0::1]:81', ['http://[2001:db8::1]:81/'], ['http://[2001:db8::1]/']],
    ['127.0.0.1:81', ['http://127.1:81/', 'http://0x7f000001:81/', 'http://2130706433:81/'], ['http://127.0.0.1/']],
  ])('with %s has a host with its port, and no other port of it', (pattern, listed, others) => {
    const one = new HostList([pattern]);
    expect(listed.map((url) => one.has(new URL(url)))).toEqual(listed.map(() => true));
    expect(others.map((url) => one.has(new URL(url)))).toEqual(others.map(() => false));
  });

  it.each([
    '*',
    '*.',
    '*.org',
    '*.192.0.2.1',
    'a b',
    'http://a.example',
    'a.example:0',
    'a.example:65536',
    'a.example:x',
    'a.example:',
    'a:1:2',
    '*:80',
    'a.*.example',
    '-a.example',
  ])('takes no %j', (pattern) => expect(() => new HostList([pattern])).toThrow(HostPatternError));

  it('is bounded', () => {
    expect(() => new HostList(Array.from({ length: 201 }, (_, n) => `h${n}.example`))).toThrow('201 hosts');
  });
});
