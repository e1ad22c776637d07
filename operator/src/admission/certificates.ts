import { createPrivateKey, type webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { BitString, Integer, OctetString, Utf8String } from 'asn1js';
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
} from 'pkijs';

/** A certificate and its private key, as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

interface Wanted {
  readonly name: string;
  readonly extensions: readonly Extension[];
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const COMMON_NAME = '2.5.4.3';
const KEY_USAGE = '2.5.29.15';
const ALTERNATIVE_NAMES = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';
/** Bits of KeyUsage, the first of them highest: digitalSignature is 0x80, keyCertSign 0x04, cRLSign 0x02. */
const SIGNS = 0x80;
const ISSUES = 0x06;
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Issues a self-signed authority, valid from and until (epoch ms), with a unique name. */
export async function issueAuthority(from: number, until: number): Promise<KeyPair> {
  const name = `ado-admission-ca-${Math.floor(from / 1000)}`;
  const constraints = new BasicConstraints({ cA: true, pathLenConstraint: 0 });
  const extensions = [extension(BASIC_CONSTRAINTS, constraints, true), keyUsage(ISSUES)];
  return issue({ name, extensions, from, until });
}

/** Issues a serving certificate for these host names and addresses. */
export async function issueServing(
  authority: KeyPair,
  hosts: readonly string[],
  from: number,
  until: number,
): Promise<KeyPair> {
  const names = new GeneralNames({ names: hosts.map(alternativeName) });
  const extensions = [
    extension(BASIC_CONSTRAINTS, new BasicConstraints({ cA: false }), true),
    keyUsage(SIGNS),
    extension(EXTENDED_KEY_USAGE, new ExtKeyUsage({ keyPurposes: [SERVER_AUTHENTICATION] })),
    extension(ALTERNATIVE_NAMES, names),
  ];
  return issue({ name: 'ado-admission', extensions, from, until }, authority);
}

/** Issues a certificate, self-signed without an authority. */
async function issue({ name, extensions, from, until }: Wanted, authority?: KeyPair): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  const made = new Certificate();
  made.version = 2;
  made.serialNumber = new Integer({ valueHex: serialNumber() });
  made.subject.typesAndValues.push(commonName(name));
  made.issuer = authority === undefined ? made.subject : parse(authority.certificate).subject;
  made.notBefore.value = new Date(from);
  made.notAfter.value = new Date(until);
  made.extensions = [...extensions];
  await made.subjectPublicKeyInfo.importKey(keys.publicKey);
  await made.sign(authority === undefined ? keys.privateKey : await privateKey(authority.key), 'SHA-256');
  return {
    certificate: pem('CERTIFICATE', made.toSchema(true).toBER()),
    key: pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', keys.privateKey)),
  };
}

/** Random and positive. */
function serialNumber(): ArrayBuffer {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.buffer;
}

function commonName(value: string): AttributeTypeAndValue {
  return new AttributeTypeAndValue({ type: COMMON_NAME, value: new Utf8String({ value }) });
}

function extension(extnID: string, value: { toSchema(): { toBER(): ArrayBuffer } }, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: value.toSchema().toBER() });
}

function keyUsage(bits: number): Extension {
  const unusedBits = bits === SIGNS ? 7 : 1;
  const value = new BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits });
  return new Extension({ extnID: KEY_USAGE, critical: true, extnValue: value.toBER() });
}

function alternativeName(host: string): GeneralName {
  if (isIP(host) === 0) return new GeneralName({ type: DNS_NAME, value: host });
  return new GeneralName({ type: IP_ADDRESS, value: new OctetString({ valueHex: addressBytes(host) }) });
}

function addressBytes(address: string): ArrayBuffer {
  if (isIP(address) === 4) return new Uint8Array(address.split('.').map(Number)).buffer;
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const words = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return new Uint8Array(words.flatMap((word) => [word >> 8, word & 0xff])).buffer;
}

function parse(certificate: string): Certificate {
  return Certificate.fromBER(new Uint8Array(new X509Certificate(certificate).raw));
}

function privateKey(key: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(key).export({ format: 'der', type: 'pkcs8' });
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), CURVE, false, ['sign']);
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
