import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { type Material, renewed } from './material.ts';
import { legacyPath } from './paths.ts';

const HOSTS = ['ado-admission.ado-system.svc', 'ado-admission.ado-system.svc.cluster.local'];
const DAY_MS = 24 * 3_600_000;
const START = Date.now();
/** Paths that are never due, for tests of certificates. */
const FOREVER = { periodMs: Number.MAX_SAFE_INTEGER, legacy: legacyPath(new Uint8Array(32)) };
const renewedAt = (stored: Partial<Material> | undefined, hosts: readonly string[], now: number) =>
  renewed(stored, { hosts, now, paths: FOREVER });
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Connects a client that trusts the bundle: undefined on success, or its error. */
async function handshake({ serving }: Material, bundle: readonly string[], host: string): Promise<string | undefined> {
  const server = createServer({ key: serving.key, cert: serving.certificate, minVersion: 'TLSv1.2' });
  closers.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: host, ca: [...bundle] }, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(error.message));
  });
}

const certificate = ({ serving }: Material) => new X509Certificate(serving.certificate);

describe('the material of the webhook', () => {
  it('is created completely without a stored one, and a client that trusts its bundle connects', async () => {
    const made = await renewedAt(undefined, HOSTS, START);
    expect(made.paths).toHaveLength(1);
    expect(made.bundle).toHaveLength(1);
    for (const host of HOSTS) expect(await handshake(made, made.bundle, host)).toBeUndefined();
    expect(await handshake(made, made.bundle, 'other.svc')).toMatch(/does not match/);
    const stranger = await renewedAt(undefined, HOSTS, START);
    expect(await handshake(made, stranger.bundle, HOSTS[0] ?? '')).toBeDefined();
  });

  it('covers IPv4 and IPv6 addresses', async () => {
    const made = certificate(await renewedAt(undefined, ['127.0.0.1', '::1', 'fd00::1:2'], START));
    expect(made.checkIP('127.0.0.1')).toBeDefined();
    expect(made.checkIP('::1')).toBeDefined();
    expect(made.checkIP('fd00::1:2')).toBeDefined();
    expect(made.checkIP('127.0.0.2')).toBeUndefined();
  });

  it('stays unchanged while nothing is due', async () => {
    const made = await renewedAt(undefined, HOSTS, START);
    expect(await renewedAt(made, HOSTS, START)).toBe(made);
    expect(await renewedAt(made, HOSTS, START + 59 * DAY_MS)).toBe(made);
    expect(await renewedAt(made, HOSTS.slice(0, 1), START)).toBe(made);
  });

  it('gets a new serving certificate a month before the old one expires, or for other hosts', async () => {
    const made = await renewedAt(undefined, HOSTS, START);
    const later = await renewedAt(made, HOSTS, START + 61 * DAY_MS);
    expect(later.serving).not.toEqual(made.serving);
    expect(later.bundle).toEqual(made.bundle);
    const moved = await renewedAt(made, ['webhook.example'], START);
    expect(certificate(moved).checkHost('webhook.example')).toBe('webhook.example');
    expect(moved.paths).toBe(made.paths);
  });

  it('trusts a new authority a day before it signs, and the old one until it expires', async () => {
    let material = await renewedAt(undefined, HOSTS, START);
    const [first = ''] = material.bundle;
    material = await renewedAt(material, HOSTS, START + 240 * DAY_MS);
    const due = START + 246 * DAY_MS;
    const announced = await renewedAt(material, HOSTS, due);
    expect(announced.bundle).toHaveLength(2);
    expect(announced.bundle[1]).toBe(first);
    expect(announced.serving).toBe(material.serving);
    const signed = await renewedAt(announced, HOSTS, due + 1.5 * DAY_MS);
    expect(signed.bundle).toEqual(announced.bundle);
    expect(certificate(signed).checkIssued(new X509Certificate(announced.bundle[0] ?? ''))).toBe(true);
    const over = await renewedAt(signed, HOSTS, START + 366 * DAY_MS);
    expect(over.bundle).not.toContain(first);
    expect(over.paths).toBe(material.paths);
  });

  it('can be served and trusted on every day of ten years', async () => {
    let material: Material | undefined;
    let trusted: readonly string[] = [];
    for (let day = 0; day < 3650; day += 5) {
      const now = START + day * DAY_MS;
      material = await renewedAt(material, HOSTS, now);
      const served = certificate(material);
      expect(served.validToDate.getTime()).toBeGreaterThan(now + DAY_MS);
      expect(served.validFromDate.getTime()).toBeLessThan(now);
      const issuers = material.bundle.map((pem) => new X509Certificate(pem));
      const issuer = issuers.find((authority) => served.checkIssued(authority) && served.verify(authority.publicKey));
      expect(issuer?.validToDate.getTime()).toBeGreaterThanOrEqual(served.validToDate.getTime());
      // A client with the bundle of five days ago trusts it, except in the first days.
      if (day > 0) expect(trusted).toContain(issuer?.toString());
      trusted = issuers.map(String);
      expect(material.bundle.length).toBeLessThanOrEqual(2);
    }
  });

  it('is repaired if a part of it is missing or invalid', async () => {
    const made = await renewedAt(undefined, HOSTS, START);
    const { serving: _serving, ...rest } = made;
    expect((await renewedAt(rest, HOSTS, START)).bundle).toEqual(made.bundle);
    const broken = { ...made, serving: { certificate: 'nonsense', key: made.serving.key } };
    expect(certificate(await renewedAt(broken, HOSTS, START)).subject).toBe('CN=ado-admission');
    const swapped = { ...made, authorityKey: made.serving.key };
    const mended = await renewedAt(swapped, HOSTS, START);
    expect(mended.bundle).toHaveLength(2);
    expect(mended.serving).toBe(made.serving);
  });
});
