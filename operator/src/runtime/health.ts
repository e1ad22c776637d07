import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger, Metrics } from '../telemetry/index.ts';
import { HttpServer } from '../web/index.ts';

const MAX_CONNECTIONS = 64;

/** A named condition. Returns nothing when it holds, or the reason why not. */
export interface HealthCheck {
  readonly name: string;
  check(): string | undefined;
}

export interface HealthOptions {
  /** Address to listen on (default 127.0.0.1; a pod listens on 0.0.0.0 so that the kubelet reaches it). */
  readonly host?: string;
  /** Port, 0 for any free one. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
}

/** `/livez`, `/readyz` and `/metrics` over plain HTTP. Anything but GET and HEAD is refused; bodies are not read. */
export class HealthServer {
  private readonly options: HealthOptions;
  private readonly server: HttpServer;

  constructor(options: HealthOptions) {
    this.options = options;
    const { host = '127.0.0.1', port } = options;
    this.server = new HttpServer({
      host,
      port,
      maxConnections: MAX_CONNECTIONS,
      handle: (request, response) => this.handle(request, response),
    });
  }

  /** Starts to listen. Resolves to the port. @throws Error when the address is taken */
  start(): Promise<number> {
    return this.server.start();
  }

  /** Closes all connections, also those with a request in progress. */
  stop(): Promise<void> {
    return this.server.stop(0);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/'] = request.url?.split('?', 1) ?? [];
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET\n');
    try {
      await this.serve(path, response);
    } catch (error) {
      this.options.logger.error({ err: error, path }, 'health endpoint failed');
      answer(response, 500, 'internal error\n');
    }
  }

  private async serve(path: string, response: ServerResponse): Promise<void> {
    if (path === '/livez' || path === '/healthz') {
      report(response, this.options.live);
      return;
    }
    if (path === '/readyz') {
      report(response, this.options.ready);
      return;
    }
    if (path === '/metrics') {
      const text = await this.options.metrics.scrape();
      answer(response, 200, text, this.options.metrics.contentType);
      return;
    }
    answer(response, 404, 'try /livez, /readyz or /metrics\n');
  }
}

function report(response: ServerResponse, checks: readonly HealthCheck[]): void {
  const results = checks.map((check) => ({ name: check.name, problem: check.check() }));
  const lines = results.map(({ name, problem }) => (problem ? `[-] ${name}: ${problem}` : `[+] ${name}`));
  const healthy = results.every(({ problem }) => problem === undefined);
  answer(response, healthy ? 200 : 503, `${lines.join('\n')}\n${healthy ? 'ok' : 'failed'}\n`);
}

function answer(response: ServerResponse, code: number, text: string, type = 'text/plain; charset=utf-8'): void {
  if (response.headersSent) return;
  response.writeHead(code, { 'content-type': type });
  response.end(text);
}
