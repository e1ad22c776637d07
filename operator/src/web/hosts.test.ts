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
  ])('has %s', (host) => expect(list.has(host)).toBe(true));

  it.each([
    'example.org',
    'x.api.example.org',
    'apps.example.net',
    'evilapps.example.net',
    'api.example.org.evil',
    '192.0.2.2',
    '',
  ])('does not have %j', (host) => expect(list.has(host)).toBe(false));

  it.each(['*', '*.', '*.org', '*.192.0.2.1', 'a b', 'http://a.example', 'a.example:80', 'a.*.example', '-a.example'])(
    'takes no %j',
    (pattern) => expect(() => new HostList([pattern])).toThrow(HostPatternError),
  );

  it('is bounded', () => {
    expect(() => new HostList(Array.from({ length: 201 }, (_, n) => `h${n}.example`))).toThrow('201 hosts');
  });
});
