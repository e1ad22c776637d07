import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { KeyPair } from './certificates.ts';
import { type PathRules, type ReviewPath, rotatedPaths } from './paths.ts';

/** The paths, keys and certificates that the replicas share to serve the webhook. */
export interface Material {
  /** Paths on which reviews are accepted, the newest first; never empty. */
  readonly paths: readonly ReviewPath[];
  /** Certificates of the authorities that are trusted, as PEM, the newest first. */
  readonly bundle: readonly string[];
  /** Key of the newest authority, as PEM. */
  readonly authorityKey: string;
  readonly serving: KeyPair;
}

/** Loaded on demand: the code that issues certificates takes 14 MB and 0.1 s, and most replicas never need it. */
const issuing = () => import('./certificates.ts');

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Certificates are backdated, so that an API server with a slow clock accepts them. */
const BACKDATED_MS = HOUR_MS;
const AUTHORITY_LIFE_MS = 365 * DAY_MS;
/** A new authority is issued this long before the old one expires: longer than the life of a serving certificate. */
const AUTHORITY_RENEWED_MS = 120 * DAY_MS;
const SERVING_LIFE_MS = 90 * DAY_MS;
const SERVING_RENEWED_MS = 30 * DAY_MS;
/** How long a new authority is in the bundle before it signs, so that every API server trusts it by then. */
const AUTHORITY_KNOWN_MS = DAY_MS;

export interface Wanted {
  /** Names and addresses by which the API server reaches the webhook. */
  readonly hosts: readonly string[];
  readonly paths: PathRules;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Whether the webhook may have been unreachable for a while. */
  readonly isEarly?: boolean;
}

/**
 * Renews the material; returns the same object if nothing is due. Only unreadable parts are replaced. Certificates
 * overlap: an old authority is trusted until it expires, a new one a day before it signs.
 */
export async function renewed(
  stored: Partial<Material> | undefined,
  { hosts, paths: rules, now, isEarly = false }: Wanted,
): Promise<Material> {
  const authorities = await renewedAuthorities(stored, now);
  const serving = await renewedServing(stored?.serving, authorities, hosts, now);
  // Without stored material, there is no replica of an earlier version.
  const paths = rotatedPaths(stored ? stored.paths : [], rules, now, isEarly);
  const isSame =
    stored?.paths === paths &&
    stored.serving === serving &&
    stored.authorityKey === authorities.key &&
    stored.bundle?.join() === authorities.bundle.join();
  if (isSame) return stored as Material;
  return { paths, bundle: authorities.bundle, authorityKey: authorities.key, serving };
}

interface Authorities {
  readonly bundle: readonly string[];
  readonly key: string;
}

async function renewedAuthorities(stored: Partial<Material> | undefined, now: number): Promise<Authorities> {
  const bundle = (stored?.bundle ?? []).filter((pem) => (readCertificate(pem)?.validToDate.getTime() ?? 0) > now);
  const [newest] = bundle;
  const key = stored?.authorityKey;
  if (newest !== undefined && key !== undefined && isPair({ certificate: newest, key })) {
    if (endOf(newest) - now > AUTHORITY_RENEWED_MS) return { bundle, key };
  }
  const { issueAuthority } = await issuing();
  const made = await issueAuthority(now - BACKDATED_MS, now + AUTHORITY_LIFE_MS);
  return { bundle: [made.certificate, ...bundle], key: made.key };
}

async function renewedServing(
  stored: KeyPair | undefined,
  { bundle, key }: Authorities,
  hosts: readonly string[],
  now: number,
): Promise<KeyPair> {
  const [newest = ''] = bundle;
  const authority = { certificate: newest, key };
  if (stored && serves(stored, bundle, hosts, now)) {
    const isSoon = endOf(stored.certificate) - now < SERVING_RENEWED_MS;
    const isOld = !isIssuedBy(stored, newest);
    const isKnown = now - startOf(newest) > AUTHORITY_KNOWN_MS + BACKDATED_MS;
    if (!isKnown || (!isSoon && !isOld)) return stored;
  }
  const { issueServing } = await issuing();
  return issueServing(authority, hosts, now - BACKDATED_MS, Math.min(now + SERVING_LIFE_MS, endOf(newest)));
}

/** Whether a certificate can be served now: it is complete, trusted, not expired, and valid for these hosts. */
function serves(pair: KeyPair, bundle: readonly string[], hosts: readonly string[], now: number): boolean {
  const certificate = readCertificate(pair.certificate);
  if (certificate === undefined || !isPair(pair) || certificate.validToDate.getTime() <= now) return false;
  const isTrusted = bundle.some((authority) => isIssuedBy(pair, authority));
  return isTrusted && hosts.every((host) => isFor(certificate, host));
}

function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}

function isIssuedBy({ certificate }: KeyPair, authority: string): boolean {
  const issuer = readCertificate(authority);
  const issued = readCertificate(certificate);
  return issuer !== undefined && issued?.checkIssued(issuer) === true && issued.verify(issuer.publicKey);
}

/** Whether the key belongs to the certificate. */
function isPair({ certificate, key }: KeyPair): boolean {
  try {
    return readCertificate(certificate)?.checkPrivateKey(createPrivateKey(key)) ?? false;
  } catch {
    return false;
  }
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const endOf = (pem: string) => readCertificate(pem)?.validToDate.getTime() ?? 0;
const startOf = (pem: string) => readCertificate(pem)?.validFromDate.getTime() ?? 0;
