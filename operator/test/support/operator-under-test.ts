/** An operator that is killed at any moment and is at once replaced, as the kubelet does with a container that ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { OPERATOR_ENTRY, operatorEnvironment } from './operator-entry.ts';

/** Characters of the log that are kept for a failure. */
const KEPT = 20_000;

export interface OperatorUnderTestOptions {
  readonly kubeconfig: string;
  /** Served namespace, and that of the lease. */
  readonly namespace: string;
  readonly flags: readonly string[];
  /**
   * Whether the replacement is the same replica, as after a restart of the container: then its lease is its own. If
   * not, it waits until the lease of the dead one ends.
   */
  readonly keepsIdentity: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Name of the replica (default `replica`). */
  readonly identity?: string;
  /** Whether it comes back when it lost its lease (default), as under a kubelet. */
  readonly comesBack?: boolean;
}

export class OperatorUnderTest {
  readonly #options: OperatorUnderTestOptions;
  #child: ChildProcess;
  #log = '';
  #replacements = 0;
  #ended = false;
  #failure: string | undefined;
  #exitCode: number | undefined;

  constructor(options: OperatorUnderTestOptions) {
    this.#options = options;
    this.#child = this.#spawn();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get log(): string {
    return this.#log;
  }

  /** Why it ended without having been killed, if it did, for another reason than a lost lease. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** How the process ended that was not replaced. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** Sends a signal to the process, which is not replaced. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(name);
  }

  /** Kills the process, which does not get to do anything any more, and starts the next one at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
    this.#replace();
  }

  /** Ends it for good. */
  async end(): Promise<void> {
    this.#ended = true;
    const child = this.#child;
    const closed = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await closed;
  }

  #spawn(): ChildProcess {
    const { kubeconfig, namespace, flags, keepsIdentity, env, identity: name = 'replica' } = this.#options;
    const identity = keepsIdentity ? name : `${name}-${this.#replacements}`;
    const own = ['--kubeconfig', kubeconfig, '--namespaces', namespace, '--namespace', namespace];
    const child = spawn(
      process.execPath,
      [OPERATOR_ENTRY, ...own, '--identity', identity, '--health-address', '127.0.0.1:0', ...flags],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...operatorEnvironment(), ...env },
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-KEPT);
      });
    }
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL' || this.#child !== child) return;
      this.#exitCode = code ?? -1;
      if (this.#options.comesBack === false) return;
      // A short lease is easily lost on a machine with more to do than it can: then it ends, and that is right.
      if (this.#log.includes('leadership lost')) this.#replace();
      else this.#failure = `the operator ended by itself with ${code ?? signal}`;
    });
    return child;
  }

  #replace(): void {
    if (this.#ended) return;
    this.#replacements++;
    this.#child = this.#spawn();
  }
}
