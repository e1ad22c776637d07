import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { bundleOperator } from '../bundle.ts';
import { type Usage, usageOf } from './usage.ts';

const DEPLOYMENT = resolve(import.meta.dirname, '../../../config/operator/deployment.yaml');
const READY_MS = 30_000;

/** The operator as users run it, and what it costs. */
export class MeasuredOperator {
  readonly #child: ChildProcess;
  readonly #address: string;
  readonly #exited: Promise<number>;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.#address = address;
    this.#exited = new Promise((done) => child.once('close', (code) => done(code ?? -1)));
  }

  /**
   * Starts an operator with its log in a folder, and waits until it leads with complete caches.
   * @param profile writes a CPU profile into the folder when it ends
   */
  static async start(
    kubeconfig: string,
    folder: string,
    profile: boolean,
    flags: readonly string[] = [],
  ): Promise<MeasuredOperator> {
    const log = join(folder, 'operator.log');
    const out = openSync(log, 'w', 0o600);
    const address = `127.0.0.1:${await freePort()}`;
    const node = profile ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
    const args = [
      ...node,
      await bundleOperator(join(folder, 'bundle')),
      '--kubeconfig',
      kubeconfig,
      '--health-address',
      address,
      ...flags,
    ];
    const env = { ...process.env, NODE_OPTIONS: deployedNodeOptions() };
    const child = spawn(process.execPath, args, { stdio: ['ignore', out, out], env });
    const operator = new MeasuredOperator(child, address);
    const deadline = performance.now() + READY_MS;
    while (!readFileSync(log, 'utf8').includes('workers started')) {
      if (child.exitCode !== null) throw new Error(`the operator ended at once; its log says why: ${log}`);
      if (performance.now() > deadline) throw new Error(`the operator does not lead after 30 s; see ${log}`);
      await sleep(50);
    }
    return operator;
  }

  usage(): Usage {
    return usageOf(this.#child.pid ?? 0);
  }

  /** The text of /metrics. Delays of the event loop in it are those since the scrape before. */
  async scrape(): Promise<string> {
    const response = await fetch(`http://${this.#address}/metrics`, { signal: AbortSignal.timeout(10_000) });
    return response.text();
  }

  /** Ends it as a machine that loses power does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Ends it as Kubernetes does. @throws Error unless it ended well */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 40_000);
    const code = await this.#exited;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`the operator ended with ${code}`);
  }
}

interface Deployment {
  spec: { template: { spec: { containers: { env?: { name: string; value?: string }[] }[] } } };
}

/** The options of Node that the Deployment gives the operator, so that memory is measured as it is deployed. */
export function deployedNodeOptions(): string {
  const { spec } = parse(readFileSync(DEPLOYMENT, 'utf8')) as Deployment;
  const env = spec.template.spec.containers.flatMap((container) => container.env ?? []);
  const options = env.find(({ name }) => name === 'NODE_OPTIONS')?.value;
  if (options === undefined) throw new Error(`${DEPLOYMENT} gives the operator no NODE_OPTIONS`);
  return options;
}

/** A port of the loopback address that nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
