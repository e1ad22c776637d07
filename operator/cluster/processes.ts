/**
 * Daemons, which outlive the command that started them: each has a file with its process identity (run/NAME.json) and a
 * log (logs/NAME.log). They run on the host, or in the namespaces of a cluster with a node.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { ClusterError } from './errors.ts';
import { identityOf, isAlive, type ProcessIdentity } from './identity.ts';
import { writeWhole } from './state.ts';
import { until } from './wait.ts';

export interface Daemon {
  name: string;
  program: string;
  args: readonly string[];
}

const PASSED = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
const DIRECT = ['localhost', '127.0.0.0/8', '10.96.0.0/16', '10.213.0.0/16', '10.244.0.0/15', '.svc', '.cluster.local'];

/**
 * The environment of a daemon: without variables of the caller that a program would read as its settings (etcd reads
 * ETCD_*), and without a proxy between the parts of the cluster. Pure.
 */
export function daemonEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = PASSED.flatMap((key) => (environment[key] === undefined ? [] : [[key, environment[key]] as const]));
  const direct = [environment.NO_PROXY ?? environment.no_proxy ?? '', ...DIRECT]
    .filter((entry) => entry !== '')
    .join(',');
  return { ...Object.fromEntries(passed), NO_PROXY: direct, no_proxy: direct };
}

/** Starts a daemon on the host unless it runs already. */
export function startDaemon(folder: string, daemon: Daemon): ProcessIdentity {
  const running = daemonIdentity(folder, daemon.name);
  if (running !== undefined && isAlive(running)) return running;
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const log = openSync(logPath(folder, daemon.name), 'a');
  const child = spawn(daemon.program, daemon.args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: daemonEnvironment(process.env),
  });
  closeSync(log);
  child.on('error', () => undefined); // a program that cannot start has no pid and is reported below
  child.unref();
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity === undefined) throw new Error(`cannot start ${daemon.program}`);
  recordDaemon(folder, daemon.name, identity);
  return identity;
}

export function recordDaemon(folder: string, name: string, identity: ProcessIdentity): void {
  writeWhole(join(folder, 'run', `${name}.json`), JSON.stringify(identity));
}

export function daemonIdentity(folder: string, name: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'run', `${name}.json`), 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

export function daemonAlive(folder: string, name: string): boolean {
  const identity = daemonIdentity(folder, name);
  return identity !== undefined && isAlive(identity);
}

/** Names of all recorded daemons. */
export function daemonNames(folder: string): string[] {
  const run = join(folder, 'run');
  if (!existsSync(run)) return [];
  return readdirSync(run)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length));
}

/** Pids of the daemons that run now, by name. */
export function runningDaemons(folder: string): Map<string, number> {
  const alive = daemonNames(folder).flatMap((name) => {
    const identity = daemonIdentity(folder, name);
    return identity !== undefined && isAlive(identity) ? [[name, identity.pid] as const] : [];
  });
  return new Map(alive);
}

/** Kills daemons (their data is no longer needed) and returns when the processes are gone. */
export async function killDaemons(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const identity = daemonIdentity(folder, name);
    if (identity !== undefined && isAlive(identity)) kill(identity);
  }
  for (const name of names) {
    await until(
      () => (daemonAlive(folder, name) ? undefined : true),
      20_000,
      () => new Error(`${name} cannot be stopped; see ${logPath(folder, name)}`),
      20,
    );
    rmSync(join(folder, 'run', `${name}.json`), { force: true });
  }
}

/** Kills a process; harmless if it has ended. The caller has verified its identity. */
export function kill(identity: ProcessIdentity): void {
  try {
    process.kill(identity.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function logPath(folder: string, name: string): string {
  return join(folder, 'logs', `${name}.log`);
}

/** Throws with the end of the log when a daemon that should run does not. */
export function assertAlive(folder: string, name: string): void {
  if (daemonAlive(folder, name)) return;
  const log = logPath(folder, name);
  throw new ClusterError(`${name} exited. The last lines of ${log}:\n${lastLines(log, 12)}\n`, RETRY);
}

const RETRY = 'Start the cluster again; if it fails again, remove it (down) and create a new one.';

/** The error for a part that does not become ready. */
export function notInTime(problem: string, folder: string): ClusterError {
  return new ClusterError(`${problem}; see ${join(folder, 'logs')}.`, RETRY);
}

function lastLines(path: string, count: number): string {
  if (!existsSync(path)) return '(empty)';
  const size = statSync(path).size;
  const buffer = Buffer.alloc(Math.min(size, 16_384));
  const file = openSync(path, 'r');
  readSync(file, buffer, 0, buffer.length, size - buffer.length);
  closeSync(file);
  return buffer.toString('utf8').trim().split('\n').slice(-count).join('\n');
}
