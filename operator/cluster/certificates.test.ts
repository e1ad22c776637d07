import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ensureCertificates, extensions, subject } from './certificates.ts';

describe('a certificate request', () => {
  it('names groups as organizations and the user as common name', () => {
    expect(subject({ file: 'a', commonName: 'system:node:n', organizations: ['system:nodes'] })).toBe(
      '/O=system:nodes/CN=system:node:n',
    );
  });

  it('distinguishes addresses from names, and is for clients only without either', () => {
    expect(extensions(['localhost', '127.0.0.1', '::1'])).toContain('subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1');
    expect(extensions()).not.toContain('subjectAltName');
    expect(extensions()).toContain('extendedKeyUsage=clientAuth\n');
  });
});

describe('the authority of a cluster', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'ado-pki-'));
    folders.push(path);
    return path;
  };

  it('signs valid certificates, and keeps existing ones', async () => {
    const path = folder();
    const requests = [{ file: 'server', commonName: 'server', names: ['example.test', '10.0.0.1'] }];
    await ensureCertificates(path, requests);
    const read = (file: string) => new X509Certificate(readFileSync(join(path, file)));
    const server = read('server.crt');
    expect(server.verify(read('ca.crt').publicKey)).toBe(true);
    expect(server.checkHost('example.test')).toBe('example.test');
    expect(server.checkIP('10.0.0.1')).toBe('10.0.0.1');
    await ensureCertificates(path, requests);
    expect(read('server.crt').fingerprint256).toBe(server.fingerprint256);
  });
});
