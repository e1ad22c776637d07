import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeObject } from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { HttpServer } from '../web/index.ts';
import type { KeyPair } from './certificates.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

/** Room for the old and the new object, of at most 3 MiB each, with the overhead of JSON escapes. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
const MAX_CONNECTIONS = 256;
/** Longer than the API server keeps idle connections, so that the server never closes one that is about to be used. */
const KEEP_ALIVE_MS = 120_000;
/** Grace period of requests in progress when the process ends, ms. */
const DRAIN_MS = 5000;

export interface AdmissionServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Whether reviews on this path are accepted now. */
  readonly isPath: (path: string) => Promise<boolean>;
  readonly review: (request: AdmissionRequest) => Promise<AdmissionResponse>;
}

/**
 * Serves AdmissionReviews over TLS 1.2 and newer. Only the API server knows the path, so no other client can get an
 * attestation for invented users.
 */
export class AdmissionServer {
  readonly #options: AdmissionServerOptions;
  #server: HttpServer | undefined;

  constructor(options: AdmissionServerOptions) {
    this.#options = options;
  }

  /** Starts with a certificate, or switches to it. Resolves to the port. @throws Error when the port is in use */
  async serve({ certificate, key }: KeyPair): Promise<number> {
    const tls = { cert: certificate, key };
    if (this.#server !== undefined) {
      this.#server.renew(tls);
      return this.#server.port;
    }
    const { host, port, logger } = this.#options;
    const server = new HttpServer({
      host,
      port,
      tls,
      maxConnections: MAX_CONNECTIONS,
      idleMs: KEEP_ALIVE_MS,
      handle: (request, response) => this.#handle(request, response),
      // Also for clients that do not trust the certificate; the log of the API server names the cause then.
      onTlsError: (error) => logger.debug({ err: error }, 'TLS handshake failed'),
    });
    const listening = await server.start();
    this.#server = server;
    return listening;
  }

  /** Accepts no new connections, answers requests in progress, and stops. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await server.stop(DRAIN_MS);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = request.url?.split('?', 1) ?? [];
    if (!(await this.#options.isPath(path))) return answer(response, 404, 'not found\n');
    if (request.method !== 'POST') return answer(response, 405, 'use the method POST\n');
    try {
      const body = await read(request);
      if (body === undefined) return answer(response, 413, `the review exceeds the limit of ${MAX_BODY_BYTES} bytes\n`);
      const review = parsed(body);
      if (review === undefined) return answer(response, 400, 'not an AdmissionReview\n');
      const { apiVersion, kind, request: asked } = review;
      const reply = { apiVersion, kind, response: await this.#options.review(asked) };
      answer(response, 200, JSON.stringify(reply), 'application/json');
    } catch (error) {
      this.#options.logger.error({ err: error }, 'an admission review failed');
      answer(response, 500, 'the review failed; see the log of the operator\n');
    }
  }
}

interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: 'AdmissionReview';
  readonly request: AdmissionRequest;
}

function parsed(body: string): AdmissionReview | undefined {
  try {
    const review = JSON.parse(body) as Partial<AdmissionReview> | null;
    const { uid, userInfo, resource, object, oldObject } = review?.request ?? {};
    const isReview = review?.kind === 'AdmissionReview' && typeof uid === 'string' && userInfo && resource;
    return isReview && [object, oldObject].every((each) => !each || isObject(each))
      ? (review as AdmissionReview)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The API server sends only objects with metadata; anything else is answered 400. */
function isObject({ metadata }: Partial<KubeObject>): boolean {
  return typeof metadata === 'object' && metadata !== null;
}

/** The body; undefined when it exceeds the limit. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, code: number, text: string, type = 'text/plain; charset=utf-8'): void {
  if (response.headersSent || response.destroyed) return;
  // The rest of a body over the limit is not read.
  const headers = { 'content-type': type, ...(code === 413 ? { connection: 'close' } : {}) };
  response.writeHead(code, headers);
  response.end(text);
}
