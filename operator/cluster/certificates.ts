/**
 * The cluster's own certificate authority and its certificates, made by the openssl command. Keys are P-256, which
 * takes milliseconds. All files are in the cluster's folder and are removed with it.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { must, which } from './command.ts';
import { ClusterError } from './errors.ts';
import { writeWhole } from './state.ts';

const DAYS = '3650';

export interface CertificateRequest {
  /** File name without ending: `admin` makes admin.crt and admin.key. */
  file: string;
  commonName: string;
  /** Groups of the user, for Kubernetes. */
  organizations?: readonly string[];
  /** DNS names and IP addresses; with any, it is a server certificate too. */
  names?: readonly string[];
}

/** openssl's -subj. The names are validated before (lower case, digits, `-`, `:`). Pure. */
export function subject(request: CertificateRequest): string {
  return [...(request.organizations ?? []).map((o) => `/O=${o}`), `/CN=${request.commonName}`].join('');
}

/** The extension file of a certificate. Pure. */
export function extensions(names: readonly string[] = []): string {
  const usage = names.length > 0 ? 'serverAuth,clientAuth' : 'clientAuth';
  const alternatives = names.map((name) => (isAddress(name) ? `IP:${name}` : `DNS:${name}`));
  return [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${usage}`,
    ...(alternatives.length > 0 ? [`subjectAltName=${alternatives.join(',')}`] : []),
    '',
  ].join('\n');
}

function isAddress(name: string): boolean {
  return /^[0-9.]+$/.test(name) || name.includes(':');
}

/**
 * Makes the authority, a key pair for service account tokens and all requested certificates in `folder`. Existing files
 * stay, so a restarted cluster keeps its kubeconfigs.
 */
export async function ensureCertificates(folder: string, requests: readonly CertificateRequest[]): Promise<void> {
  if (which('openssl') === undefined) {
    throw new ClusterError('The openssl command is missing.', 'Install it (Debian: apt-get install openssl).');
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await ensureAuthority(folder);
  await Promise.all([
    ensureServiceAccountKey(folder),
    ...requests.map((request) => ensureCertificate(folder, request)),
  ]);
}

async function ensureAuthority(folder: string): Promise<void> {
  if (existsSync(join(folder, 'ca.crt'))) return;
  await newKey(folder, 'ca');
  const usage = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature,keyCertSign'];
  const authority = usage.flatMap((extension) => ['-addext', extension]);
  const request = ['req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=ado', '-days', DAYS, ...authority];
  await openssl(folder, request, 'ca.crt');
}

async function ensureServiceAccountKey(folder: string): Promise<void> {
  if (existsSync(join(folder, 'service-account.pub'))) return;
  await newKey(folder, 'service-account');
  await openssl(folder, ['pkey', '-in', 'service-account.key', '-pubout'], 'service-account.pub');
}

async function ensureCertificate(folder: string, request: CertificateRequest): Promise<void> {
  const { file } = request;
  if (existsSync(join(folder, `${file}.crt`))) return;
  await newKey(folder, file);
  writeWhole(join(folder, `${file}.ext`), extensions(request.names));
  await openssl(folder, ['req', '-new', '-key', `${file}.key`, '-subj', subject(request)], `${file}.csr`);
  const serial = `0x${randomBytes(8).toString('hex')}`;
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', serial, '-days', DAYS];
  await openssl(folder, ['x509', '-req', '-in', `${file}.csr`, ...signer, '-extfile', `${file}.ext`], `${file}.crt`);
}

async function newKey(folder: string, file: string): Promise<void> {
  await openssl(folder, ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], `${file}.key`);
}

/** Writes the file atomically, so that a killed command leaves no partial file. */
async function openssl(folder: string, args: string[], file: string): Promise<void> {
  writeWhole(join(folder, file), await must('openssl', args, { cwd: folder, env: { OPENSSL_CONF: '/dev/null' } }));
}
