import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeObject } from '../runtime/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { HttpServer } from '../web/index.ts';
import type { KeyPair } from './certificates.ts';
import type { AdmissionRequest, AdmissionResponse } from './review.ts';

/** An object of at most 3 MiB as it is and as it is to be, with room for how both are written. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
const MAX_CONNECTIONS = 256;
/** Longer than the API server keeps idle connections, so that we never end one that it is about to use. */
const KEEP_ALIVE_MS = 120_000;
/** What requests that are being answered get when the process ends, ms. */
const DRAIN_MS = 5000;

export interface AdmissionServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Whether requests on this path are believed now. */
  readonly isPath: (path: string) => Promise<boolean>;
  readonly review: (request: AdmissionRequest) => Promise<AdmissionResponse>;
}

/**
 * Serves AdmissionReviews over TLS 1.2 and newer. Only the API server knows the path: whoever else reaches the port gets
 * nothing, so nobody can have the word of the webhook for users of their own invention.
 */
export class AdmissionServer {
  readonly #options: AdmissionServerOptions;
  #server: HttpServer | undefined;

  constructor(options: AdmissionServerOptions) {
    this.#options = options;
  }

  /** Starts with a certificate, or goes on with another one. Resolves to the port. @throws Error when it is taken */
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
      // A client that does not trust the certificate says so here; the API server's log tells which one it is.
      onTlsError: (error) => logger.debug({ err: error }, 'no TLS connection'),
    });
    const listening = await server.start();
    this.#server = server;
    return listening;
  }

  /** Takes no new connection, answers what it was asked, and ends. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    await server.stop(DRAIN_MS);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = request.url?.split('?', 1) ?? [];
    if (!(await this.#options.isPath(path))) return answer(response, 404, 'not found\n');
    if (request.method !== 'POST') return answer(response, 405, 'only POST\n');
    try {
      const body = await read(request);
      if (body === undefined) return answer(response, 413, `a review has at most ${MAX_BODY_BYTES} bytes\n`);
      const review = parsed(body);
      if (review === undefined) return answer(response, 400, 'not an AdmissionReview\n');
      const { apiVersion, kind, request: asked } = review;
      const reply = { apiVersion, kind, response: await this.#options.review(asked) };
      answer(response, 200, JSON.stringify(reply), 'application/json');
    } catch (error) {
      this.#options.logger.error({ err: error }, 'an admission review failed');
      answer(response, 500, 'the review failed; the log of the operator has the reason\n');
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

/** The API server asks about nothing else; whoever else does is told so. */
function isObject({ metadata }: Partial<KubeObject>): boolean {
  return typeof metadata === 'object' && metadata !== null;
}

/** The body; nothing when it is too long. */
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
  // The rest of a body that is too long is not waited for.
  const headers = { 'content-type': type, ...(code === 413 ? { connection: 'close' } : {}) };
  response.writeHead(code, headers);
  response.end(text);
}
