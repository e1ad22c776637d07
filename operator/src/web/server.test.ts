import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpServer, type HttpServerOptions } from './server.ts';

const servers: HttpServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop(0))));

async function serving(options: Partial<HttpServerOptions> = {}) {
  const handle: HttpServerOptions['handle'] = (_request, response) => void response.end('served');
  const server = new HttpServer({ host: '127.0.0.1', port: 0, maxConnections: 4, handle, ...options });
  servers.push(server);
  return { server, url: `http://127.0.0.1:${await server.start()}/` };
}

/** Sends bytes, and resolves to everything that comes back until the connection ends. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

describe('a server', () => {
  it('answers on the port that it names', async () => {
    const { server, url } = await serving();
    expect(url).toContain(String(server.port));
    expect(await (await fetch(url)).text()).toBe('served');
  });

  it('says why it cannot start when the address is taken', async () => {
    const { server } = await serving();
    await expect(serving({ port: server.port })).rejects.toThrow('EADDRINUSE');
  });

  it('refuses headers that are too long', async () => {
    const { url } = await serving();
    expect((await fetch(url, { headers: { x: 'x'.repeat(17 * 1024) } })).status).toBe(431);
  });

  it('ends a request that comes too slowly', async () => {
    const { server } = await serving({ headersMs: 1, requestMs: 1 });
    expect(await exchange(server.port, 'GET / HTTP/1.1\r\n')).toContain('408');
  });

  it('leaves what is no HTTP to the listener', async () => {
    const { server } = await serving({ onClientError: ({ code }, socket) => void socket.end(`told ${code}`) });
    expect(await exchange(server.port, 'no HTTP\r\n\r\n')).toMatch(/^told HPE_/);
  });

  it('closes connections beyond its bound at once', async () => {
    const { server } = await serving({ maxConnections: 1 });
    const first = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    expect(await exchange(server.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')).toBe('');
    first.destroy();
  });

  it('lets a request in progress end before it stops', async () => {
    let finish = () => {};
    const begun = Promise.withResolvers<void>();
    const { server, url } = await serving({
      handle: (_request, response) => {
        finish = () => void response.writeHead(200, { connection: 'close' }).end('late');
        begun.resolve();
      },
    });
    const answer = fetch(url);
    await begun.promise;
    const stopped = server.stop(60_000);
    finish();
    expect(await (await answer).text()).toBe('late');
    await stopped;
  });

  it('closes what is still in progress after the grace', async () => {
    const begun = Promise.withResolvers<void>();
    const { server, url } = await serving({ handle: () => begun.resolve() });
    const answer = fetch(url).catch((error: unknown) => error);
    await begun.promise;
    await server.stop(0);
    expect(await answer).toBeInstanceOf(Error);
  });

  it('has no certificate to renew without TLS', async () => {
    const { server } = await serving();
    expect(() => server.renew({ cert: '', key: '' })).toThrow('no TLS');
  });
});
