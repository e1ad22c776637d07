import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** Time for the headers of a request, for all of it, and until an idle connection is closed, ms. */
const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
const IDLE_MS = 5_000;
/** How often slow clients are looked for, ms. */
const CHECK_MS = 1_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** A certificate with its key, both in PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface HttpServerOptions {
  readonly host: string;
  /** Port, 0 for any free one. */
  readonly port: number;
  /** Further connections are closed at once. */
  readonly maxConnections: number;
  /** Answers a request; a body is bounded by its reader. It catches its own errors. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
  /** TLS 1.2 and newer; plain HTTP where it is absent. */
  readonly tls?: Tls;
  /** Default: 5,000 for headers, 10,000 for a request, 5,000 for an idle connection. */
  readonly headersMs?: number;
  readonly requestMs?: number;
  readonly idleMs?: number;
  /** Requests after which a connection is closed (default: none). */
  readonly maxRequestsPerConnection?: number;
  /** Answers bytes that are no HTTP or come too slowly (default: 400 or 408). */
  readonly onClientError?: (error: NodeJS.ErrnoException, socket: Socket) => void;
  /** Called for a connection that failed before its first request. */
  readonly onTlsError?: (error: Error) => void;
}

/** An HTTP server with a bound for each thing that a client can hold: connections, headers and time. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server | SecureServer;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { headersMs = HEADERS_MS, requestMs = REQUEST_MS, idleMs = IDLE_MS, tls } = options;
    const bounds = {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const handle = (request: IncomingMessage, response: ServerResponse) => void options.handle(request, response);
    const server = tls
      ? createSecureServer({ ...bounds, ...secured(tls), handshakeTimeout: headersMs }, handle)
      : createServer(bounds, handle);
    server.maxConnections = options.maxConnections;
    server.maxRequestsPerSocket = options.maxRequestsPerConnection ?? 0;
    if (options.onClientError) server.on('clientError', options.onClientError);
    if (options.onTlsError) server.on('tlsClientError', options.onTlsError);
    this.#server = server;
  }

  /** The port that it listens on, once it does. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Starts to listen. Resolves to the port. @throws Error when the address is taken */
  async start(): Promise<number> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    return this.port;
  }

  /** Serves new connections with another certificate. @throws Error when the server has no TLS */
  renew(tls: Tls): void {
    if (!('setSecureContext' in this.#server)) throw new Error('the server has no TLS, so there is nothing to renew');
    this.#server.setSecureContext(secured(tls));
  }

  /** Takes no new connection, lets requests in progress end, and closes the remaining connections after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const limit = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(limit);
  }
}

const secured = ({ cert, key }: Tls) => ({ cert, key, minVersion: 'TLSv1.2' }) as const;
