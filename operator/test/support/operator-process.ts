/** The operator as users run it: a process of its own, here outside the cluster. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { OPERATOR_ENTRY, operatorEnvironment } from './operator-entry.ts';
import { get, linesAbout, type OperatorView } from './operator-view.ts';
import { waitFor } from './wait-for.ts';

/** Lines of its log that are kept: enough for any test, bounded for any operator. */
const KEPT_LINES = 200_000;

export interface OperatorOptions {
  readonly kubeconfig: string;
  /** Further flags, as on the command line. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another one leads: it is there as soon as its caches are complete. */
  readonly isStandby?: boolean;
  /** A file that gets its log too, for other processes to read. */
  readonly log?: string;
}

/** An operator that runs. Its log is kept in memory. */
export class OperatorProcess implements OperatorView {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly address: string;
  /** Exit code; a signal that ended it is -1. */
  readonly exited: Promise<number>;

  private constructor(child: ChildProcess, address: string, log: string | undefined) {
    this.#child = child;
    this.address = address;
    this.exited = new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1)));
    const file = log === undefined ? undefined : createWriteStream(log);
    for (const stream of [child.stdout, child.stderr]) {
      this.#keepLines(stream);
      if (file) stream?.pipe(file, { end: false });
    }
    child.once('close', () => file?.end());
  }

  /** Starts an operator and waits until it leads with complete caches. @throws Error with its log when it ends instead */
  static async start(options: OperatorOptions): Promise<OperatorProcess> {
    const address = `127.0.0.1:${await freePort()}`;
    const flags = ['--kubeconfig', options.kubeconfig, '--health-address', address, '--log-level', 'debug'];
    const child = spawn(process.execPath, [OPERATOR_ENTRY, ...flags, ...(options.flags ?? [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...operatorEnvironment(), ...options.env },
    });
    const operator = new OperatorProcess(child, address, options.log);
    try {
      await operator.logs(options.isStandby ? 'caches are complete' : 'workers started');
    } catch (error) {
      // Left alone it would lead as soon as it can, and stand in the way of the next one.
      child.kill('SIGKILL');
      throw error;
    }
    return operator;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get log(): readonly string[] {
    return this.#lines;
  }

  logAbout(text: string, count?: number): string {
    return linesAbout(this.#lines, text, count);
  }

  get(path: string): Promise<{ status: number; text: string }> {
    return get(this.address, path);
  }

  /** Resolves when its workers run. */
  leads(): Promise<void> {
    return this.logs('workers started');
  }

  /** Resolves when it has logged the text. */
  async logs(text: string): Promise<void> {
    let ended: number | undefined;
    void this.exited.then((code) => {
      ended = code;
    });
    const explain = () => this.#lines.slice(-30).join('\n');
    await waitFor(
      `the operator logs "${text}"`,
      () => {
        if (ended !== undefined) throw new Error(`the operator ended with ${ended}:\n${explain()}`);
        return this.#lines.some((line) => line.includes(text)) || undefined;
      },
      { everyMs: 25, explain },
    );
  }

  /** Ends it as Kubernetes does and returns the exit code. */
  async stop(): Promise<number> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 120_000);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }

  /** Ends it as a machine that loses power does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #keepLines(stream: NodeJS.ReadableStream | null): void {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES);
    });
    stream?.on('end', () => rest !== '' && this.#lines.push(rest));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
