/**
 * An HTTP proxy between an operator and an API server, which can do to a request what networks, servers and machines
 * do: rules decide, request by request. Without rules it is not noticed. Watches stream through as they come.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  Agent,
  createServer as createTlsServer,
  request as httpsRequest,
  type RequestOptions,
  type Server as TlsServer,
} from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { describeRequest, isCounted, type Logged } from './request-log.ts';

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Plural of the resource, with its subresource: `pods`, `workflowruns/status`. */
  readonly resource: string;
  /** For the create of a pod: the attempt that it runs, as `<path>#<attempt>`. */
  readonly attempt: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Number among the writes, from 1; none for reads, leases and Events. */
  readonly write: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** A stream for a watch, all bytes for everything else. */
  readonly body: Buffer | Readable;
}

/** Passes the request on, as it came or with another path. */
export type Forward = (path?: string) => Promise<Answer>;

/**
 * Decides what becomes of a request: forwards it or not, and answers with what came, with something else, or never
 * (a promise that does not resolve). Rules nest: what the first one forwards goes to the second.
 */
export type Rule = (request: ProxiedRequest, forward: Forward) => Promise<Answer>;

export interface ProxyOptions {
  /** Speaks TLS with this certificate; without it plain HTTP. */
  readonly tls?: ServingCertificate;
  /** Passes on who the client says it is (default: it acts as the user of the kubeconfig, whatever the client says). */
  readonly asClient?: boolean;
}

/** In PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Bodies that are kept in memory; an API server takes 3 MiB at most. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const HOP_HEADERS = ['connection', 'keep-alive', 'transfer-encoding', 'host'];

export class FaultProxy {
  /** Every request, in the order of arrival. */
  readonly log: Logged[] = [];
  readonly #rules: readonly Rule[];
  readonly #upstream: URL;
  readonly #tls: RequestOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  readonly #isTls: boolean;
  #writes = 0;

  private constructor(upstream: URL, tls: RequestOptions, rules: readonly Rule[], { tls: own }: ProxyOptions) {
    this.#upstream = upstream;
    this.#tls = tls;
    this.#rules = rules;
    this.#isTls = own !== undefined;
    const serve = (incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.#serve(incoming, outgoing).catch(() => outgoing.destroy());
    };
    this.#server = own ? createTlsServer({ ...own }, serve) : createServer(serve);
  }

  /** Starts a proxy to the server of a kubeconfig, as the user of that kubeconfig. */
  static async start(kubeconfig: string, rules: readonly Rule[], options: ProxyOptions = {}): Promise<FaultProxy> {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    const tls: RequestOptions = {};
    await config.applyToHTTPSOptions(tls);
    const upstream = new URL(config.getCurrentCluster()?.server ?? '');
    const proxy = new FaultProxy(upstream, options.asClient ? { ca: tls.ca } : tls, rules, options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** Where it listens. */
  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.#isTls ? 'https' : 'http'}://127.0.0.1:${port}`;
  }

  /** Serves with another certificate from now on, and ends every connection that was made with the one before. */
  rotate(certificate: ServingCertificate): void {
    if ('setSecureContext' in this.#server) (this.#server as TlsServer).setSecureContext({ ...certificate });
    this.cut();
  }

  /** Ends every connection; new ones are taken. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  /** A kubeconfig by which a client finds the proxy; who it is, the proxy knows. */
  get kubeconfig(): string {
    return stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'proxy',
      clusters: [{ name: 'proxy', cluster: { server: this.address } }],
      users: [{ name: 'proxy', user: {} }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
    });
  }

  /** The numbered writes so far. */
  get writes(): readonly Logged[] {
    return this.log.filter((entry) => entry.write !== undefined);
  }

  /** Ends the proxy and every connection through it. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const body = await collect(incoming);
    const logged: Logged = { at: performance.now(), method, path, ...describeRequest(method, path, body) };
    if (isCounted(logged)) logged.write = ++this.#writes;
    this.log.push(logged);
    const { resource, attempt, write } = logged;
    const request: ProxiedRequest = { method, path, resource, attempt, headers, body, write };
    const answer = await this.#through(0, request, outgoing, logged);
    logged.answered = answer.status;
    outgoing.writeHead(answer.status, passedOn(answer.headers));
    if (Buffer.isBuffer(answer.body)) outgoing.end(answer.body);
    else stream(answer.body, outgoing);
  }

  #through(index: number, request: ProxiedRequest, outgoing: ServerResponse, logged: Logged): Promise<Answer> {
    const rule = this.#rules[index];
    if (rule) {
      const rest = (path = request.path) => this.#through(index + 1, { ...request, path }, outgoing, logged);
      return rule(request, rest);
    }
    return this.#forward(request).then((answer) => {
      logged.status = answer.status;
      return answer;
    });
  }

  /** A write, once sent, is not taken back when its sender is gone: the server has it. */
  #forward({ method, path, headers, body }: ProxiedRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { ...this.#tls, agent: this.#agent, method, headers: passedOn(headers) };
      const sent = httpsRequest(new URL(path, this.#upstream), options, (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        if (isWatch(path)) return resolve({ status, headers: answered, body: response });
        collect(response).then((bytes) => resolve({ status, headers: answered, body: bytes }), reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

function stream(source: Readable, outgoing: ServerResponse): void {
  // Headers alone tell a client that its watch is open: events may be long in coming.
  outgoing.flushHeaders();
  outgoing.on('close', () => source.destroy());
  source.on('error', () => outgoing.destroy());
  source.pipe(outgoing);
}

const isWatch = (path: string): boolean => new URLSearchParams(path.split('?')[1]).get('watch') === 'true';

const passedOn = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.includes(name)));

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new RangeError(`a body has more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
