import { createHash } from 'node:crypto';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { AwsV4Signer } from 'aws4fetch';
import type { AccessKeys, KeySource } from './access-keys.ts';
import type { S3Location } from './location.ts';
import { ArtifactError, readAll, StoreError } from './store.ts';
import { textOf } from './xml.ts';

export interface S3Options {
  readonly location: S3Location;
  /** Asked before each request. */
  readonly keys: KeySource;
  /** Certificates, as PEM, of the authority that signed that of the store, unless it is a public one. */
  readonly authorities?: string | undefined;
  /** How often a request is sent at most (default 6). */
  readonly tries?: number;
  /** Pause before the second try, ms (default 200); each further one is twice as long. */
  readonly pauseMs?: number;
  /** Ends requests in progress. */
  readonly signal?: AbortSignal | undefined;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty where success or 404 is all that the answer says. */
  readonly body: AsyncIterable<Uint8Array>;
}

const MAX_PAUSE_MS = 10_000;
/** A connection that is silent for so long is closed. */
const SILENCE_MS = 60_000;
/** Limit of answers other than objects. */
const MAX_ANSWER = 4 * 1024 * 1024;

/** Requests to one bucket: signed, limited in time, and sent again while that may help. */
export class S3Requests {
  readonly #options: S3Options;
  readonly #agent: PlainAgent;
  readonly #request: typeof plainRequest;
  /** Derived keys with which the requests of a day are signed, and the keys that they are derived from. */
  readonly #derived = new Map<string, ArrayBuffer>();
  #keys: AccessKeys | undefined;

  constructor(options: S3Options) {
    const isSecure = options.location.endpoint.startsWith('https:');
    const { authorities: ca } = options;
    const settings = { keepAlive: true, timeout: SILENCE_MS };
    this.#options = options;
    this.#agent = isSecure ? new SecureAgent(ca ? { ...settings, ca } : settings) : new PlainAgent(settings);
    this.#request = isSecure ? secureRequest : plainRequest;
  }

  /**
   * Sends a request until the store answers with success or with 404.
   * @throws StoreError when it refuses, or does not answer well after all tries, or there are no keys
   */
  async send(request: S3Request): Promise<S3Answer> {
    const { tries = 6, pauseMs = 200, signal } = this.#options;
    let why = '';
    for (let turn = 1; ; turn++) {
      const outcome = await this.#attempt(request);
      if ('status' in outcome) return outcome;
      // The last failure says more than the end of the time.
      if (why === '' || !signal?.aborted) why = outcome.why;
      if (!outcome.again || turn >= tries || signal?.aborted) throw this.#error(request, why);
      await pause(Math.min(MAX_PAUSE_MS, pauseMs * 2 ** (turn - 1)) * (0.5 + Math.random() / 2), signal);
    }
  }

  /** The text of an answer. */
  async text(request: S3Request): Promise<string> {
    const { tries = 6 } = this.#options;
    for (let turn = 1; ; turn++) {
      const { status, body } = await this.send(request);
      if (status === 404) throw this.#error(request, '404 not found');
      try {
        return (await readAll(body, MAX_ANSWER)).toString();
      } catch (error) {
        // The connection broke after the head of the answer.
        if (error instanceof ArtifactError || turn >= tries) throw this.#error(request, describe(error));
      }
    }
  }

  #error({ method, key = '' }: S3Request, why: string): StoreError {
    const { endpoint, bucket } = this.#options.location;
    return new StoreError(`${method} ${key} in bucket ${bucket} of ${endpoint}: ${why}`);
  }

  async #attempt(request: S3Request): Promise<S3Answer | { why: string; again: boolean }> {
    try {
      const answer = await this.#sendOnce(request);
      const { statusCode: status = 0, headers } = answer;
      const isGood = status >= 200 && status < 300;
      if (isGood && (request.method === 'GET' || request.method === 'POST')) return { status, headers, body: answer };
      const text = (await readAll(answer, MAX_ANSWER)).toString();
      if (isGood || (status === 404 && textOf(text, 'Code') !== 'NoSuchBucket'))
        return { status, headers, body: empty() };
      const why = `${status} ${textOf(text, 'Code') ?? ''} ${textOf(text, 'Message') ?? text.slice(0, 200)}`;
      return { why: why.trim(), again: status >= 500 || [408, 425, 429].includes(status) };
    } catch (error) {
      // There are no keys: getting them has been tried several times.
      if (error instanceof StoreError) throw error;
      return { why: describe(error), again: !isDistrust(error) };
    }
  }

  async #sendOnce(request: S3Request): Promise<IncomingMessage> {
    const { signal } = this.#options;
    const { method, url, headers } = await this.#sign(request);
    return new Promise((resolve, reject) => {
      const options = {
        method,
        headers: Object.fromEntries(headers),
        agent: this.#agent,
        ...(signal ? { signal } : {}),
      };
      const sent = this.#request(url, options, resolve);
      sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`the connection was silent for ${SILENCE_MS} ms`)));
      sent.once('error', reject);
      sent.end(request.body);
    });
  }

  async #sign({ method, key, query = {}, headers = {}, body }: S3Request) {
    const { keys, location } = this.#options;
    const { accessKey, secretKey, sessionToken } = await this.#current(keys);
    const hash = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const signer = new AwsV4Signer({
      method,
      url: this.#address(key, query),
      headers: { ...headers, 'Content-Length': String(body?.length ?? 0), 'X-Amz-Content-Sha256': hash },
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      ...(sessionToken ? { sessionToken } : {}),
      service: 's3',
      region: location.region,
      cache: this.#derived,
    });
    return signer.sign();
  }

  /** Nothing is kept of keys that have been renewed. */
  async #current(source: KeySource): Promise<AccessKeys> {
    const keys = await source();
    if (keys !== this.#keys) this.#derived.clear();
    this.#keys = keys;
    return keys;
  }

  #address(key: string | undefined, query: Readonly<Record<string, string>>): string {
    const { endpoint, bucket, pathStyle } = this.#options.location;
    const url = new URL(endpoint);
    if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
    const segments = [...(pathStyle ? [bucket] : []), ...(key?.split('/') ?? [])];
    url.pathname = `/${segments.map(encodeURIComponent).join('/')}`;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.toString();
  }
}

/** Whether the certificate of the store was refused: another try would end the same way. */
const isDistrust = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /CERT|VERIFY/.test(String(error.code));

async function* empty(): AsyncGenerator<Uint8Array> {}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}

/** Waits, at most until the signal. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
