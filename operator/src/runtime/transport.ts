import type { KubeConfig } from '@kubernetes/client-node';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { type Clock, realClock } from './clock.ts';
import { Credentials, type Snapshot } from './credentials.ts';
import { AbortedError, ApiError, ConnectionError, FencedError } from './errors.ts';
import { Holds } from './holds.ts';
import { InFlightCap, type Urgency } from './in-flight.ts';
import { apiErrorOf, collectText, type ResponseBody, transportError } from './response.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RawRequest {
  readonly method: Method;
  /** Path and query, below the server's address. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Limit of one attempt, ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Largest answer that is read, bytes. */
  readonly maxBytes?: number;
  /** Whether it may leave before others (default normal). */
  readonly urgency?: Urgency;
  /** Called right before the request is sent, however long it waited; its error goes to the caller. */
  readonly guard?: () => void;
  /** Replaces the identity of the configuration: neither its token nor its certificate is sent. */
  readonly bearer?: string | undefined;
}

export interface TransportOptions {
  readonly config: KubeConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** Version in the User-Agent (default 0.0.0). */
  readonly version?: string;
  /** Name in the User-Agent (default `ado-operator`). */
  readonly component?: string;
  /** Requests out at the same time, watches not counted (default 200). */
  readonly maxInFlight?: number;
  /** Limit of one attempt of a request, ms (default 30,000). */
  readonly timeoutMs?: number;
  /** Longest total wait for Retry-After, ms (default 30,000). */
  readonly retryBudgetMs?: number;
}

/** Answers larger than this are refused instead of filling the memory. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const MAX_RETRIES = 5;
/** Below the 90 s after which the API server closes idle connections, so that no request goes into a closing one. */
const KEEP_ALIVE_MS = 60_000;

/**
 * HTTP/1.1 to one API server over a pool of kept-alive connections. Resends only requests that the server did not
 * process: a 401 once, after reading the credentials again; a 429 with Retry-After; for reads also 503. No endpoint is
 * asked sooner than it asked to be, by whichever request: one that cannot wait so long fails without being sent.
 */
export class Transport {
  readonly host: string;
  readonly clock: Clock;
  private readonly options: TransportOptions;
  private readonly origin: string;
  private readonly basePath: string;
  private readonly proxyUrl: string | undefined;
  private readonly credentials: Credentials;
  private readonly cap: InFlightCap;
  private readonly holds: Holds;
  private readonly userAgent: string;
  private readonly counters = new Map<string, { inc(): void }>();
  private readonly timers = new Map<Method, { observe(seconds: number): void }>();
  /** Connections that carry a client certificate belong to the configuration's identity; bearers have their own. */
  private readonly pools = new Map<'Own' | 'Bearer', { fingerprint: string; dispatcher: Dispatcher }>();
  private closed = false;

  constructor(options: TransportOptions) {
    const cluster = options.config.getCurrentCluster();
    if (!cluster) throw new Error('the kubeconfig has no current cluster; choose one with current-context');
    const server = new URL(cluster.server);
    this.options = options;
    this.origin = server.origin;
    this.host = server.host;
    this.basePath = server.pathname.replace(/\/+$/, '');
    this.proxyUrl = cluster.proxyUrl;
    this.clock = options.clock ?? realClock;
    this.credentials = new Credentials(options.config, this.clock, options.logger);
    this.holds = new Holds(this.clock);
    this.cap = new InFlightCap(options.maxInFlight ?? 200, options.metrics, this.clock);
    this.userAgent = `${options.component ?? 'ado-operator'}/${options.version ?? '0.0.0'}`;
  }

  /**
   * Sends a request and reads the whole answer.
   * @throws ApiError, ConnectionError, AbortedError
   */
  async request(request: RawRequest): Promise<string> {
    const deadline = this.clock.monotonic() + (this.options.retryBudgetMs ?? 30_000);
    for (let attempt = 0; ; attempt++) {
      await this.untilFree(request, deadline);
      try {
        return await this.slotted(request);
      } catch (error) {
        this.noteHold(request, error);
        const wait = retryDelay(request.method, error);
        if (wait === undefined || attempt >= MAX_RETRIES || this.clock.monotonic() + wait > deadline) throw error;
        this.options.metrics.restThrottled.inc();
      }
    }
  }

  /** Opens a stream, such as a watch. It holds no slot of the in-flight cap. @throws like `request` */
  async stream(path: string, signal: AbortSignal, headersTimeoutMs: number): Promise<ResponseBody> {
    const request = { method: 'GET', path } as const;
    const held = this.holds.left('GET', path);
    if (held > 0) throw askedToWait(held);
    const limit = this.limit(headersTimeoutMs, signal);
    try {
      const response = await this.authorized(request, limit.signal);
      if (response.statusCode === 200) return response.body;
      throw await apiErrorOf(response);
    } catch (error) {
      this.noteHold(request, error);
      throw limit.explain(error);
    } finally {
      limit.disarm();
    }
  }

  /** Ends all connections; requests in progress fail. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.pools.values()].map(({ dispatcher }) => dispatcher.destroy()));
  }

  /** Waits until the endpoint may be asked again. @throws ApiError 429, without asking, when that is too late */
  private async untilFree({ method, path, signal }: RawRequest, deadline: number): Promise<void> {
    for (let held = this.holds.left(method, path); held > 0; held = this.holds.left(method, path)) {
      if (this.clock.monotonic() + held > deadline) throw askedToWait(held);
      await this.clock.sleep(held * (1 + 0.1 * Math.random()), signal);
    }
  }

  private noteHold({ method, path }: RawRequest, error: unknown): void {
    if (!(error instanceof ApiError) || (error.status !== 429 && error.status !== 503)) return;
    this.holds.note(method, path, error.retryAfterMs ?? 0);
  }

  private async slotted(request: RawRequest): Promise<string> {
    const urgency = request.urgency ?? 'normal';
    const waiting = this.cap.acquire(urgency, request.signal);
    if (waiting) await waiting;
    try {
      return await this.attempt(request);
    } finally {
      this.cap.release(urgency);
    }
  }

  private async attempt(request: RawRequest): Promise<string> {
    const limit = this.limit(request.timeoutMs ?? this.options.timeoutMs ?? 30_000, request.signal);
    const started = this.clock.monotonic();
    try {
      const response = await this.authorized(request, limit.signal);
      if (response.statusCode >= 300) throw await apiErrorOf(response);
      return await collectText(response.body, request.maxBytes ?? MAX_BODY_BYTES);
    } catch (error) {
      throw limit.explain(error);
    } finally {
      limit.end();
      this.timer(request.method).observe((this.clock.monotonic() - started) / 1000);
    }
  }

  /** Sends once, and once more with fresh credentials when the server rejects the first ones. */
  private async authorized(request: RawRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const known = this.credentials.current();
    const snapshot = known instanceof Promise ? await known : known;
    if (request.bearer !== undefined) return this.send(request, asBearer(snapshot, request.bearer), signal);
    const response = await this.send(request, snapshot, signal);
    if (response.statusCode !== 401) return response;
    const fresh = await this.credentials.reload(snapshot);
    if (fresh === snapshot) return response;
    await response.body.dump();
    return this.send(request, fresh, signal);
  }

  private async send(request: RawRequest, snapshot: Snapshot, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    request.guard?.();
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': this.userAgent,
      ...snapshot.headers,
    };
    if (request.contentType) headers['content-type'] = request.contentType;
    try {
      const pool = request.bearer === undefined ? 'Own' : 'Bearer';
      const response = await this.dispatcher(pool, snapshot).request({
        origin: this.origin,
        path: this.basePath + request.path,
        method: request.method,
        headers,
        body: request.body ?? null,
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      this.count(String(response.statusCode), request.method);
      return response;
    } catch (error) {
      this.count('<error>', request.method);
      throw error;
    }
  }

  private dispatcher(name: 'Own' | 'Bearer', snapshot: Snapshot): Dispatcher {
    if (this.closed) throw new ConnectionError('Closed', 'the client is closed', false);
    const pool = this.pools.get(name);
    if (pool?.fingerprint === snapshot.tlsFingerprint) return pool.dispatcher;
    // Requests and watches in progress end on the old connections; new ones use the new certificates.
    pool?.dispatcher.close().catch(() => undefined);
    const dispatcher = this.connect(snapshot);
    this.pools.set(name, { fingerprint: snapshot.tlsFingerprint, dispatcher });
    return dispatcher;
  }

  private connect(snapshot: Snapshot): Dispatcher {
    const tls = { ...snapshot.tls, allowH2: false, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 };
    const pool = { connections: null, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, allowH2: false };
    if (this.proxyUrl === undefined) return new Pool(this.origin, { ...pool, connect: tls });
    return new ProxyAgent({ ...pool, uri: this.proxyUrl, requestTls: tls });
  }

  private count(code: string, method: Method): void {
    const key = `${code} ${method}`;
    let counter = this.counters.get(key);
    if (!counter) {
      counter = this.options.metrics.restRequests.labels(code, method, this.host);
      this.counters.set(key, counter);
    }
    counter.inc();
  }

  private timer(method: Method): { observe(seconds: number): void } {
    let timer = this.timers.get(method);
    if (!timer) {
      timer = this.options.metrics.restRequestDuration.labels(method, this.host);
      this.timers.set(method, timer);
    }
    return timer;
  }

  /** One signal that aborts on the caller's behalf or when time is up, and the words for which of them it was. */
  private limit(timeoutMs: number, signal?: AbortSignal) {
    const controller = new AbortController();
    let timedOut = false;
    const onAbort = () => controller.abort();
    const timer = this.clock.setTimeout(() => {
      timedOut = true;
      controller.abort();
    }, timeoutMs);
    if (signal?.aborted) controller.abort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    return {
      signal: controller.signal,
      /** Stops the clock, but the caller's signal still ends the stream. */
      disarm: () => timer.cancel(),
      end: () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      },
      explain: (error: unknown): unknown => {
        if (error instanceof ApiError || error instanceof FencedError) return error;
        if (timedOut) return new ConnectionError('Timeout', `no answer within ${timeoutMs} ms`, true, error);
        if (signal?.aborted) return new AbortedError('the request was aborted', { cause: error });
        return transportError(error);
      },
    };
  }
}

/** The same server and trust, and nothing of the identity: a certificate would count before the token. */
function asBearer({ tls, tlsFingerprint }: Snapshot, token: string): Snapshot {
  const { cert: _cert, key: _key, ...trust } = tls;
  return { headers: { Authorization: `Bearer ${token}` }, tls: trust, tlsFingerprint };
}

function askedToWait(ms: number): ApiError {
  const message = `the API server asked to be left alone for another ${Math.ceil(ms / 1000)} s; nothing was sent`;
  return new ApiError(429, { reason: 'TooManyRequests', message }, ms);
}

/** How long to wait before sending again, or undefined when the request may not be sent again from here. */
function retryDelay(method: Method, error: unknown): number | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const unprocessed = error.status === 429 || (error.status === 503 && method === 'GET');
  return unprocessed ? error.retryAfterMs : undefined;
}
