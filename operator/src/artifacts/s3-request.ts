import { createHash } from 'node:crypto';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { AwsV4Signer } from 'aws4fetch';
import type { S3Location } from './location.ts';
import { ArtifactError, readAll, StoreError } from './store.ts';
import { textOf } from './xml.ts';

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string | undefined;
  /** Certificates, as PEM, of whoever signs that of the store, where it is nobody whom all trust. */
  readonly authorities?: string | undefined;
}

export interface S3Options {
  readonly location: S3Location;
  readonly credentials: Credentials;
  /** How often a request is sent at most (default 6). */
  readonly tries?: number;
  /** Pause before the second try, ms (default 200); each further one is twice as long. */
  readonly pauseMs?: number;
  /** Ends everything that is under way. */
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
/** A connection on which nothing moves for so long is given up. */
const SILENCE_MS = 60_000;
/** Answers that are no object are small. */
const MAX_ANSWER = 4 * 1024 * 1024;

/** Requests to one bucket: signed, limited in time, and sent again while that may help. */
export class S3Requests {
  readonly #options: S3Options;
  readonly #agent: PlainAgent;
  readonly #request: typeof plainRequest;
  /** Keys that signatures of a day are made with. */
  readonly #cache = new Map<string, ArrayBuffer>();

  constructor(options: S3Options) {
    const isSecure = options.location.endpoint.startsWith('https:');
    const { authorities: ca } = options.credentials;
    const settings = { keepAlive: true, timeout: SILENCE_MS };
    this.#options = options;
    this.#agent = isSecure ? new SecureAgent(ca ? { ...settings, ca } : settings) : new PlainAgent(settings);
    this.#request = isSecure ? secureRequest : plainRequest;
  }

  /**
   * Sends a request until the store answers with success or with 404.
   * @throws StoreError when it refuses, or does not answer well after all tries
   */
  async send(request: S3Request): Promise<S3Answer> {
    const { tries = 6, pauseMs = 200, signal } = this.#options;
    let why = '';
    for (let turn = 1; ; turn++) {
      const outcome = await this.#attempt(request);
      if ('status' in outcome) return outcome;
      // That time is up says less than what happened before.
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
      sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`nothing moved for ${SILENCE_MS} ms`)));
      sent.once('error', reject);
      sent.end(request.body);
    });
  }

  async #sign({ method, key, query = {}, headers = {}, body }: S3Request) {
    const { credentials, location } = this.#options;
    const hash = createHash('sha256')
      .update(body ?? '')
      .digest('hex');
    const signer = new AwsV4Signer({
      method,
      url: this.#address(key, query),
      headers: { ...headers, 'Content-Length': String(body?.length ?? 0), 'X-Amz-Content-Sha256': hash },
      accessKeyId: credentials.accessKey,
      secretAccessKey: credentials.secretKey,
      ...(credentials.sessionToken ? { sessionToken: credentials.sessionToken } : {}),
      service: 's3',
      region: location.region,
      cache: this.#cache,
    });
    return signer.sign();
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

/** Whether the certificate of the store was refused: it will be again. */
const isDistrust = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /CERT|VERIFY/.test(String(error.code));

async function* empty(): AsyncGenerator<Uint8Array> {}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}

/** Waits, but no longer than until the signal. */
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
