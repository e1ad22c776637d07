import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { MAX_BODY_BYTES } from '../api/index.ts';
import type { Clock, Listener } from '../runtime/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { BodyBudget, readBody } from './body.ts';
import { AUTHENTICATION_MS, type Receiver } from './receiver.ts';
import { UNAUTHORIZED, unavailable, type WebhookResponse, type WebhookResult, write } from './response.ts';

/** Time limits for the headers and for the whole request, milliseconds. */
const HEADERS_MS = 5_000;
const REQUEST_MS = 15_000;
/** Interval of the check for slow senders, milliseconds. */
const CHECK_MS = 1_000;
const IDLE_MS = 5_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 256;
const MAX_REQUESTS_PER_CONNECTION = 1_000;

/** `/hooks/<namespace>/<workflow>/<trigger>`, of names that objects can have. */
const PATH = /^\/hooks\/([a-z0-9][-a-z0-9]{0,62})\/([a-z0-9][-.a-z0-9]{0,62})\/([a-z][-a-z0-9]{0,39})$/;

export interface WebhookServerOptions {
  readonly host: string;
  /** Port, 0 for any free one. */
  readonly port: number;
  readonly receiver: Receiver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Default: the constants above. */
  readonly limits?: {
    readonly headersMs?: number;
    readonly requestMs?: number;
    readonly connections?: number;
    readonly refusalMs?: number;
  };
}

/** Serves webhooks over plain HTTP; an ingress or proxy in front terminates TLS. */
export class WebhookServer implements Listener {
  readonly name = 'webhooks';
  readonly #options: WebhookServerOptions;
  readonly #budget = new BodyBudget();
  readonly #server: Server;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
    const { headersMs = HEADERS_MS, requestMs = REQUEST_MS, connections = MAX_CONNECTIONS } = options.limits ?? {};
    this.#server = createServer(
      {
        headersTimeout: headersMs,
        requestTimeout: requestMs,
        keepAliveTimeout: IDLE_MS,
        connectionsCheckingInterval: CHECK_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = connections;
    this.#server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#giveUp(error, socket));
  }

  /** The port that it listens on, after `start`. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    const { host, port, logger } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    logger.info({ host, port: this.port }, 'webhook receiver is listening');
  }

  async stop(graceMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const limit = new AbortController();
    const late = this.#options.clock.sleep(graceMs, limit.signal).then(
      () => this.#server.closeAllConnections(),
      () => undefined,
    );
    await closed;
    limit.abort();
    await late;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, logger } = this.#options;
    const begun = clock.monotonic();
    try {
      const answer = await this.#answer(request);
      write(response, answer, !request.complete);
      this.#count(answer.result, begun);
    } catch (error) {
      // The sender closed the connection, or was too slow and `#giveUp` answers; anything else is an internal error.
      if (request.destroyed || request.errored) return;
      logger.error({ err: error }, 'a webhook request failed');
      write(response, unavailable('internal error; retry the request'), true);
      this.#count('Unavailable', begun);
    }
  }

  async #answer(request: IncomingMessage): Promise<WebhookResponse> {
    const [path = '', query = ''] = split(request.url ?? '');
    const [, namespace = '', workflow = '', trigger = ''] = PATH.exec(path) ?? [];
    if (trigger === '') {
      return { status: 404, result: 'NotFound', detail: 'use the path /hooks/<namespace>/<workflow>/<trigger>' };
    }
    if (request.method !== 'POST') {
      return { status: 405, result: 'MethodNotAllowed', detail: 'use the method POST' };
    }
    const { receiver } = this.#options;
    const target = receiver.find(namespace, workflow, trigger);
    // The largest limit of any trigger; the limit of this trigger applies after authentication.
    const body = await readBody(request, MAX_BODY_BYTES, this.#budget);
    if ('status' in body) return body;
    const begun = this.#options.clock.monotonic();
    try {
      return await this.#even(begun, receiver.receive(target, { headers: request.headers, query, bytes: body.bytes }));
    } finally {
      body.release();
    }
  }

  /** Delays every 401 until the same time after the request, whatever the reason. */
  async #even(begun: number, answered: Promise<WebhookResponse>): Promise<WebhookResponse> {
    const answer = await answered;
    if (answer !== UNAUTHORIZED) return answer;
    const { clock, limits } = this.#options;
    const leftMs = begun + (limits?.refusalMs ?? AUTHENTICATION_MS) - clock.monotonic();
    if (leftMs > 0) await clock.sleep(leftMs);
    return answer;
  }

  #count(result: WebhookResult, begun: number): void {
    const { metrics, clock } = this.#options;
    metrics.hookRequests.inc({ result });
    metrics.hookDuration.observe((clock.monotonic() - begun) / 1000);
  }

  /** Answers and closes a connection that is too slow or does not speak HTTP. */
  #giveUp(error: NodeJS.ErrnoException, socket: Socket): void {
    const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (isSlow) this.#options.metrics.hookRequests.inc({ result: 'TooSlow' });
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${isSlow ? '408 Request Timeout' : '400 Bad Request'}\r\nconnection: close\r\n\r\n`);
  }
}

/** The path and the query of a request. */
function split(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}
