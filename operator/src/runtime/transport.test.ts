import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetrics, silentLogger } from '../telemetry/index.ts';
import { KubeClient } from './client.ts';
import { type ConnectionError, isTimeoutOrUnknownOutcome } from './errors.ts';
import { PODS } from './resource.ts';
import { FakeClock } from './testing/fake-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'ado-tls-'));
const file = (name: string) => join(folder, name);

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function certificate(name: string, ca: string): void {
  writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1');
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${name}`,
  );
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    `${ca}.crt`,
    '-CAkey',
    `${ca}.key`,
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'ext',
    '-out',
    `${name}.crt`,
  );
}

beforeAll(() => {
  for (const ca of ['ca', 'other-ca']) {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.crt`,
      '-subj',
      `/CN=${ca}`,
      '-days',
      '2',
    );
  }
  certificate('server', 'ca');
  certificate('client-one', 'ca');
  certificate('client-two', 'ca');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function tlsServer(rejectUnauthorized = true) {
  const names: string[] = [];
  const server = createServer(
    {
      key: readFileSync(file('server.key')),
      cert: readFileSync(file('server.crt')),
      ca: readFileSync(file('ca.crt')),
      requestCert: true,
      rejectUnauthorized,
    },
    (request, response) => {
      const subject = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      names.push(`${Array.isArray(subject) ? subject[0] : subject} over ${request.httpVersion}`);
      response.end('{"metadata":{"name":"p"}}');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, names, [Symbol.asyncDispose]: stop };
}

function clientOf(url: string, ca: string, clock = new FakeClock()) {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'c', server: url, caFile: file(ca), skipTLSVerify: false },
    { name: 'u', certFile: file('me.crt'), keyFile: file('me.key') },
  );
  const client = new KubeClient({ config, logger: silentLogger(), metrics: createMetrics({ process: false }), clock });
  return { client, clock, [Symbol.asyncDispose]: () => client.close() };
}

function become(name: string): void {
  for (const part of ['crt', 'key']) writeFileSync(file(`me.${part}`), readFileSync(file(`${name}.${part}`)));
}

const ref = { namespace: 'a', name: 'p' };

describe('Transport over TLS', () => {
  it('shows its client certificate, and the new one after its files were rotated', async () => {
    become('client-one');
    await using server = await tlsServer();
    await using c = clientOf(server.url, 'ca.crt');
    await c.client.get(PODS, ref);
    become('client-two');
    await c.client.get(PODS, ref);
    await c.clock.advance(11_000);
    await c.client.get(PODS, ref);
    expect(server.names).toEqual(['client-one over 1.1', 'client-one over 1.1', 'client-two over 1.1']);
  });

  it('does not show it to whom it shows a token of somebody else', async () => {
    become('client-one');
    await using server = await tlsServer(false);
    await using c = clientOf(server.url, 'ca.crt');
    for (const client of [c.client, c.client.withToken('theirs'), c.client]) await client.get(PODS, ref);
    expect(server.names).toEqual(['client-one over 1.1', 'undefined over 1.1', 'client-one over 1.1']);
  });

  it('keeps its credentials when a rotation is caught half-way, and says so', async () => {
    become('client-one');
    await using server = await tlsServer();
    await using c = clientOf(server.url, 'ca.crt');
    await c.client.get(PODS, ref);
    rmSync(file('me.crt'));
    await c.clock.advance(11_000);
    await c.client.get(PODS, ref);
    expect(server.names).toHaveLength(2);
  });

  it('refuses a server that its CA did not sign, before anything is sent', async () => {
    become('client-one');
    await using server = await tlsServer();
    await using c = clientOf(server.url, 'other-ca.crt');
    const error = (await c.client
      .create(PODS, { metadata: ref })
      .catch((reason: unknown) => reason)) as ConnectionError;
    expect(error.name).toBe('ConnectionError');
    expect(isTimeoutOrUnknownOutcome(error)).toBe(false);
    expect(server.names).toEqual([]);
  });

  it('says what it cannot read', async () => {
    await using c = clientOf('https://127.0.0.1:1', 'missing.crt');
    await expect(c.client.get(PODS, ref)).rejects.toThrow(/cannot read the credentials: .*missing\.crt/);
  });
});
