import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig, type User } from '@kubernetes/client-node';

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/**
 * A real HTTP server on the loopback that answers as a test says: for the faults that a real API server cannot be made
 * to show. It is no model of an API server.
 */
export class FakeApiServer {
  readonly requests: SeenRequest[] = [];
  private readonly server: Server;
  private readonly answer: Answer;

  private constructor(answer: Answer) {
    this.answer = answer;
    this.server = createServer((request, response) => void this.handle(request, response));
  }

  static async start(answer: Answer): Promise<FakeApiServer> {
    const fake = new FakeApiServer(answer);
    await new Promise<void>((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A configuration that points here. */
  config(user: Partial<User> = {}, path = ''): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'fake', server: this.url + path } as never,
      { name: 'fake', ...user } as never,
    );
    return config;
  }

  /** Requests whose path and query contain the text. */
  seen(part: string): SeenRequest[] {
    return this.requests.filter((request) => (request.url.pathname + request.url.search).includes(part));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const seen: SeenRequest = {
      method: request.method ?? '',
      url: new URL(request.url ?? '/', this.url),
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    this.requests.push(seen);
    await this.answer(seen, response);
  }
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): void {
  sendJson(
    response,
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason },
    code,
    headers,
  );
}
