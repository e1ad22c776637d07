/** A real S3 server over a folder, with a door before it that counts, holds back and breaks what goes through. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBinaries } from '../../cluster/build.ts';
import { must } from '../../cluster/command.ts';
import { streamProgress } from '../../cluster/progress.ts';
import { freePort } from './operator-process.ts';
import { waitFor } from './wait-for.ts';

export const ACCESS_KEY = 'artifacts';
export const SECRET_KEY = 'no-secret-of-anybody';
export const BUCKET = 'shelf';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** What the server answered; 0 while it has not. */
  status: number;
}

/** What the door does with a request: let it pass, end the connection, or end it in the middle of the answer. */
export type Verdict = 'Pass' | 'Break' | 'Cut';

const CUT_AFTER = 1024 * 1024;

export class S3Server {
  readonly #child: ChildProcess;
  readonly #door: Server;
  readonly #folder: string;
  readonly #behind: number;
  /** Every request since the last `forget`. */
  readonly seen: SeenRequest[] = [];
  /** Asked for every request. */
  judge: (request: SeenRequest) => Verdict | Promise<Verdict> = () => 'Pass';

  /** Certificate by which the door is known, where it speaks TLS. */
  readonly certificate: string | undefined;

  private constructor(
    child: ChildProcess,
    folder: string,
    behind: number,
    tls: { key: string; cert: string } | undefined,
  ) {
    this.#child = child;
    this.#folder = folder;
    this.#behind = behind;
    this.certificate = tls?.cert;
    const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => void this.#pass(incoming, outgoing);
    this.#door = tls ? createSecureServer(tls, pass) : createServer(pass);
  }

  /** Builds the server where it is missing and starts it. `host` is where the door listens (default 127.0.0.1). */
  static async start(host = '127.0.0.1', secure = false): Promise<S3Server> {
    const { versitygw } = await ensureBinaries(['versitygw'], streamProgress(process.stderr));
    const folder = mkdtempSync(join(tmpdir(), 'ado-s3-'));
    mkdirSync(join(folder, 'data', BUCKET), { recursive: true });
    mkdirSync(join(folder, 'meta'));
    const port = await freePort();
    const child = spawn(
      versitygw,
      ['--port', `127.0.0.1:${port}`, 'posix', '--sidecar', join(folder, 'meta'), join(folder, 'data')],
      { env: { ROOT_ACCESS_KEY: ACCESS_KEY, ROOT_SECRET_KEY: SECRET_KEY }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        log = (log + text.toString()).slice(-8192);
      });
    }
    const server = new S3Server(child, folder, port, secure ? await selfSigned(folder) : undefined);
    await new Promise<void>((resolve) => server.#door.listen(0, host, resolve));
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => undefined,
      );
    await waitFor('the S3 server answers', answers, { explain: () => log });
    return server;
  }

  /** Address of the door, as the host `name` knows it. */
  endpoint(name = '127.0.0.1'): string {
    return `${this.certificate ? 'https' : 'http'}://${name}:${(this.#door.address() as AddressInfo).port}`;
  }

  /** Address of the store for Ado. */
  location(prefix = '', name?: string): string {
    return `s3://${BUCKET}/${prefix}?endpoint=${this.endpoint(name)}&region=us-east-1&pathStyle=true`;
  }

  /** Folder in which the objects lie as files. */
  get bucketFolder(): string {
    return join(this.#folder, 'data', BUCKET);
  }

  /** Requests of a kind, of those that were answered with success. */
  done(method: string, pattern: RegExp): SeenRequest[] {
    return this.seen.filter((each) => each.method === method && pattern.test(each.url) && each.status === 200);
  }

  async stop(): Promise<void> {
    this.#door.closeAllConnections();
    this.#door.close();
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming;
    const seen: SeenRequest = { method, url, status: 0 };
    this.seen.push(seen);
    const verdict = await this.judge(seen);
    if (verdict === 'Break') {
      incoming.socket.destroy();
      return;
    }
    const inner = request({ host: '127.0.0.1', port: this.#behind, method, path: url, headers }, (answer) => {
      seen.status = answer.statusCode ?? 0;
      outgoing.writeHead(seen.status, answer.headers);
      answer.pipe(outgoing);
      if (verdict !== 'Cut') return;
      let passed = 0;
      answer.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (passed > CUT_AFTER) outgoing.destroy();
      });
    });
    inner.on('error', () => incoming.socket.destroy());
    incoming.on('error', () => inner.destroy());
    incoming.pipe(inner);
  }
}

/** A certificate for this machine that nobody but its file vouches for. */
async function selfSigned(folder: string): Promise<{ key: string; cert: string }> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=store', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await must('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert]);
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
