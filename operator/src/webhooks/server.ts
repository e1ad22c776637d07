import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_BODY_BYTES } from '../api/index.ts';
import type { Clock, Listener } from '../runtime/index.ts';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { HttpServer } from '../web/index.ts';
import { BodyBudget, readBody } from './body.ts';
import { AUTHENTICATION_MS, type Receiver } from './receiver.ts';
import { UNAUTHORIZED, unavailable, type WebhookResponse, type WebhookResult, write } from './response.ts';

/** Time limit for a whole request, milliseconds. */
const REQUEST_MS = 15_000;
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
  /** Default: the constants above, and the limits of every server. */
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
  readonly #server: HttpServer;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
    const { headersMs, requestMs = REQUEST_MS, connections = MAX_CONNECTIONS } = options.limits ?? {};
    this.#server = new HttpServer({
      host: options.host,
      port: options.port,
      maxConnections: connections,
      maxRequestsPerConnection: MAX_REQUESTS_PER_CONNECTION,
      requestMs,
      ...(headersMs === undefined ? {} : { headersMs }),
      handle: (request, response) => this.#handle(request, response),
      onClientError: (error, socket) => this.#giveUp(error, socket),
    });
  }

  /** The port that it listens on, after `start`. */
  get port(): number {
    return this.#server.port;
  }

  async start(): Promise<void> {
    const { host, logger } = this.#options;
    const port = await this.#server.start();
    logger.info({ host, port }, 'webhook receiver is listening');
  }

  stop(graceMs: number): Promise<void> {
    return this.#server.stop(graceMs);
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
