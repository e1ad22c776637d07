import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type Usage, usageOf } from '../usage.ts';

const STOP_MS = 20_000;
const PASSED = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/** A peer's controller while it is measured. */
export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  /** Rejects when it ends without being asked to; never resolves. */
  readonly broken: Promise<never>;
  #stopping = false;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    const failed = Promise.withResolvers<never>();
    this.broken = failed.promise;
    this.broken.catch(() => undefined); // whoever races against it hears of it
    child.once('error', failed.reject);
    this.#exited = new Promise((done) =>
      child.once('close', (code) => {
        if (!this.#stopping) failed.reject(new Error(`the controller ended with ${code}; its log says why: ${log}`));
        done();
      }),
    );
  }

  /** Starts it with nothing of our environment that it could take for a setting. */
  static start(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    log: string,
  ): ControllerProcess {
    const out = openSync(log, 'w', 0o600);
    const passed = PASSED.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]]));
    const child = spawn(program, args, {
      stdio: ['ignore', out, out],
      env: { ...Object.fromEntries(passed), ...env },
    });
    closeSync(out);
    return new ControllerProcess(child, log);
  }

  usage(): Usage {
    return usageOf(this.#child.pid ?? 0);
  }

  /** Asks it to end, and ends it when it does not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
