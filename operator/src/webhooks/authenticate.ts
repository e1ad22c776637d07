import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { parseDuration, SIGNED_HEADER, type WebhookHmac, type WebhookToken } from '../api/index.ts';

const DEFAULT_SIGNATURE_HEADER = 'x-hub-signature-256';
const DEFAULT_TOLERANCE = '5m';
/** Signatures checked for each request: during a rotation of the secret, senders send two. */
const MAX_CANDIDATES = 4;
/** Separates the elements of a header: spaces, or commas as in `t=1,v1=abc`. */
const ELEMENTS = /\s+|,(?=(?:t|v\d+)=)/;

/** The parts of a request that authenticate its sender. */
export interface Evidence {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Names, in lower case, of the headers that hold the signature or the token. */
export function evidenceHeaders({
  hmac,
  token,
}: {
  hmac?: WebhookHmac | undefined;
  token?: WebhookToken | undefined;
}): string[] {
  return [hmac?.header ?? (hmac ? DEFAULT_SIGNATURE_HEADER : undefined), token?.header]
    .filter((name) => name !== undefined)
    .map((name) => name.toLowerCase());
}

/** Whether the body, and the timestamp if required, are signed with one of the secrets. Compares in constant time. */
export function isSigned(hmac: WebhookHmac, secrets: readonly Buffer[], evidence: Evidence): boolean {
  const algorithm = hmac.algorithm === 'SHA512' ? 'sha512' : 'sha256';
  const sent = signaturesIn(hmac, hmac.prefix ?? `${algorithm}=`, evidence);
  const time = hmac.timestamp && timeOf(textOf(evidence.headers[hmac.timestamp.header.toLowerCase()]));
  const signed = signedBytes(hmac, time ?? '', evidence);
  const expected = secrets.map((secret) => createHmac(algorithm, secret).update(signed).digest());
  const matches = expected.flatMap((one) => sent.map((other) => equal(one, other)));
  return matches.includes(true) && isRecent(hmac, time, evidence.now);
}

function signaturesIn({ header, encoding }: WebhookHmac, prefix: string, { headers }: Evidence): Buffer[] {
  const elements = textOf(headers[header?.toLowerCase() ?? DEFAULT_SIGNATURE_HEADER]).split(ELEMENTS);
  const sent = elements.filter((element) => element.startsWith(prefix)).slice(0, MAX_CANDIDATES);
  return sent.map((element) => Buffer.from(element.slice(prefix.length), encoding === 'Base64' ? 'base64' : 'hex'));
}

function isRecent({ timestamp }: WebhookHmac, time: string | undefined, now: number): boolean {
  if (timestamp === undefined) return true;
  if (time === undefined) return false;
  return Math.abs(now - Number(time) * 1000) <= parseDuration(timestamp.tolerance ?? DEFAULT_TOLERANCE);
}

/** Seconds since 1970, alone or as the element `t=`; undefined without any. */
function timeOf(value: string): string | undefined {
  const times = value.split(/[\s,]+/).map((element) => /^(?:t=)?(\d{1,12})$/.exec(element)?.[1]);
  return times.find((time) => time !== undefined);
}

function signedBytes({ signed, timestamp }: WebhookHmac, time: string, { headers, body }: Evidence): Buffer {
  const template = signed ?? (timestamp ? '{timestamp}.{body}' : '{body}');
  // Split before filling in, so that placeholders in the text of a sender stay plain text.
  const parts = template.split('{body}').map((part) => {
    const filled = part.split('{timestamp}').map((text) => {
      return text.replaceAll(SIGNED_HEADER, (_place, name: string) => textOf(headers[name]));
    });
    return Buffer.from(filled.join(time));
  });
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [body, part])));
}

/** Whether the request contains one of the secrets as its token. */
export function isKnown(
  { header }: WebhookToken,
  secrets: readonly Buffer[],
  { headers }: Pick<Evidence, 'headers'>,
): boolean {
  const shown =
    header === undefined || header.toLowerCase() === 'authorization'
      ? bearerOf(headers)
      : textOf(headers[header.toLowerCase()]);
  let matches = false;
  // Digests have equal lengths, so the comparison does not reveal the length of the secret.
  for (const secret of secrets) if (equal(digest(Buffer.from(shown)), digest(secret))) matches = true;
  return matches && shown !== '';
}

const bearerOf = (headers: IncomingHttpHeaders) => /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
const textOf = (value: string | string[] | undefined) => (typeof value === 'string' ? value.trim() : '');
const equal = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b);

const NOBODYS_SECRET = randomBytes(32);

/** Takes the time of a signature check for a trigger that does not exist, so that the timing does not reveal that. */
export function pretend(body: Buffer): void {
  createHmac('sha256', NOBODYS_SECRET).update(body).digest();
}
