import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request as send } from 'undici';
import { redact } from '../redaction/index.ts';
import type { AddressGuard } from './addresses.ts';
import { bareHost, type HostList } from './hosts.ts';

/** Largest part of an answer that is read, bytes. */
const MAX_BODY_BYTES = 16 * 1024;
const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export interface WebRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Limit for everything until the answer is read, ms. */
  readonly timeoutMs: number;
}

/** The hosts and addresses that a request may reach. */
export interface WebPolicy {
  /** Without it every name may be asked. */
  readonly hosts?: HostList;
  readonly addresses: AddressGuard;
  /** How names are resolved; default: as the machine does. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

export interface WebAnswer {
  readonly status: number;
  readonly contentType: string;
  /** At most 16 KiB. */
  readonly body: Buffer;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
  /** Where the answer leads, where it was not followed. */
  readonly location?: string;
}

/** No answer came, or the request may not be made. The message holds no header and no query. */
export class WebError extends Error {
  override readonly name = 'WebError';
  readonly reason: 'HttpFailed' | 'HttpNotAllowed';

  constructor(reason: WebError['reason'], message: string) {
    super(redact(message).slice(0, 400));
    this.reason = reason;
  }
}

/**
 * Makes a request and reads the beginning of its answer, whatever its status. Redirects are followed where a browser
 * would without asking, and the policy allows it; otherwise they are the answer.
 * @throws WebError
 */
export async function ask(request: WebRequest, policy: WebPolicy, stop?: AbortSignal): Promise<WebAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = stop ? AbortSignal.any([timeout, stop]) : timeout;
  let next: WebRequest = request;
  let url = urlOf(request.url);
  try {
    for (let redirects = 0; ; redirects++) {
      const answer = await once(next, url, policy, signal);
      const target = redirects < MAX_REDIRECTS ? redirectOf(answer, url, policy) : undefined;
      if (!target) return answer;
      const followed = follow(next, answer.status, target.origin === url.origin);
      if (!followed) return answer;
      next = followed;
      url = target;
    }
  } catch (error) {
    if (error instanceof WebError) throw error;
    if (timeout.aborted) throw new WebError('HttpFailed', `no answer of ${shown(url)} within ${request.timeoutMs} ms`);
    throw new WebError('HttpFailed', `no answer of ${shown(url)}: ${causeOf(error)}`);
  }
}

/** A URL as messages show it. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (!url) throw new WebError('HttpFailed', 'http.url is no URL; write it like https://a.example/path');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new WebError('HttpFailed', `http.url has the scheme ${url.protocol}; write https: or http:`);
  }
  if (url.username === '' && url.password === '') return url;
  throw new WebError('HttpFailed', 'http.url holds credentials; put them into headersFrom');
}

async function once(request: WebRequest, url: URL, policy: WebPolicy, signal: AbortSignal): Promise<WebAnswer> {
  // A resolver that does not answer cannot be stopped, but nothing waits for it.
  const address = await Promise.race([addressOf(url, policy), rejectedBy(signal)]);
  const agent = new Agent({ connect: { lookup: pinnedTo(address) }, pipelining: 0, allowH2: false });
  try {
    const response = await send(url, {
      dispatcher: agent,
      method: request.method,
      headers: { 'user-agent': 'ado', ...request.headers },
      ...(request.body === undefined || SAFE.has(request.method) ? {} : { body: request.body }),
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return await read(response);
  } finally {
    agent.destroy().catch(() => undefined);
  }
}

/** The one address that is connected to. */
async function addressOf(url: URL, { hosts, addresses, resolve = resolveHere }: WebPolicy): Promise<string> {
  const host = bareHost(url.hostname);
  if (hosts && !hosts.has(url)) {
    throw new WebError(
      'HttpNotAllowed',
      `${url.host} is not listed in --http-hosts; an administrator lists a host with its port`,
    );
  }
  const known = isIP(host) === 0 ? await resolve(host) : [host];
  const allowed = known.find((address) => addresses.allows(address));
  if (allowed !== undefined) return allowed;
  if (known.length === 0) throw new WebError('HttpFailed', `the name ${host} has no address`);
  throw new WebError(
    'HttpNotAllowed',
    `${host} leads to ${known[0]}, which is local, private or of the cluster; an administrator may allow it by --http-allow-cidrs`,
  );
}

const resolveHere = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);

/** Rejects when the signal aborts. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function pinnedTo(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, options, done) => {
    if (options.all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<WebAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BODY_BYTES) break;
  }
  const location = textOf(headers.location);
  return {
    status: statusCode,
    contentType: textOf(headers['content-type']) ?? '',
    body: Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES),
    isWhole: size <= MAX_BODY_BYTES,
    ...(REDIRECTS.has(statusCode) && location !== undefined ? { location } : {}),
  };
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

/** Where an answer leads, if that may be asked too; never from https to http. */
function redirectOf({ location }: WebAnswer, from: URL, { hosts }: WebPolicy): URL | undefined {
  const target = location === undefined ? null : URL.parse(location, from.href);
  if (!target || (target.protocol !== 'https:' && target.protocol !== from.protocol)) return undefined;
  if (target.username !== '' || target.password !== '') return undefined;
  return !hosts || hosts.has(target) ? target : undefined;
}

/** The request that a redirect asks for; none where something would be sent twice that a person should confirm. */
function follow(request: WebRequest, status: number, sameOrigin: boolean): WebRequest | undefined {
  const keeps = SAFE.has(request.method);
  if (!keeps && status !== 303 && !(sameOrigin && (status === 307 || status === 308))) return undefined;
  const headers = sameOrigin ? request.headers : {};
  if (keeps || status !== 303) return { ...request, headers };
  const { 'content-type': _type, ...others } = lowerCased(headers);
  return { ...request, method: 'GET', headers: others, body: undefined };
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}
