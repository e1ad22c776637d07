/**
 * The network, mount and process namespaces of a cluster with a node. They have no name anywhere: they live exactly as
 * long as their first process, the holder, and when that ends the kernel ends every process in them, and with the last
 * of those go the mounts and the network. So a cluster can be killed, but never half.
 *
 * Inside, /run, /var/lib and /var/log are the cluster's own (folders of its state folder), because the kubelet and
 * containerd write to fixed paths there.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from './build.ts';
import { must } from './command.ts';
import { identityOf, type ProcessIdentity } from './identity.ts';
import {
  assertAlive,
  type Daemon,
  daemonAlive,
  daemonEnvironment,
  daemonIdentity,
  logPath,
  recordDaemon,
} from './processes.ts';
import { until } from './wait.ts';

export const HOLDER = 'namespaces';

/** Where the built programs are inside: their folder on the machine may be below one that is hidden. */
const PROGRAMS = '/run/programs';

/** Arguments: the cluster's folder, the folder of programs, the holder's program. Ends by becoming the holder. */
const SETUP = `set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/state ${PROGRAMS} /run/cgroup /run/lock
mount --bind "$1" /run/state
mount --rbind "$2" ${PROGRAMS}
mount --rbind /sys/fs/cgroup /run/cgroup
mount -t sysfs sysfs /sys
mount --rbind /run/cgroup /sys/fs/cgroup
umount -l /run/cgroup
mount --bind /run/state/var-log /var/log
mount --bind /run/state/var-lib /var/lib
mount --bind /run/state "$1"
resolv=$(readlink -m /etc/resolv.conf)
if [ ! -e "$resolv" ]; then mkdir -p "$(dirname "$resolv")"; : > "$resolv"; fi
mount --bind "$1/config/resolv.conf" "$resolv"
mount --make-rshared /
exec "$3"
`;

/** Makes the namespaces unless they are there. `config/resolv.conf` must have been written. Returns the holder. */
export async function ensureNamespaces(folder: string, pause: string): Promise<ProcessIdentity> {
  const running = daemonIdentity(folder, HOLDER);
  if (running !== undefined && daemonAlive(folder, HOLDER)) return running;
  for (const path of ['run', 'logs', 'var-log', `var-lib${folder.replace('/var/lib', '')}`]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  const log = openSync(logPath(folder, HOLDER), 'a');
  const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  const shell = ['sh', '-c', SETUP, 'sh', folder, cacheRoot(), programInside(pause)];
  const parent = spawn('unshare', [...flags, ...shell], { cwd: '/', detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  parent.unref();
  const parentPid = parent.pid;
  if (parentPid === undefined) throw new Error('unshare cannot be started');
  const holder = await until(
    () => firstChild(parentPid),
    5000,
    () => new Error(`the namespaces cannot be made; see ${logPath(folder, HOLDER)}`),
    5,
  );
  recordDaemon(folder, HOLDER, holder);
  await until(
    () => {
      assertAlive(folder, HOLDER);
      return isHolding(holder.pid, pause) ? true : undefined;
    },
    5000,
    () => new Error(`the namespaces cannot be set up; see ${logPath(folder, HOLDER)}`),
    5,
  );
  return holder;
}

function firstChild(pid: number): ProcessIdentity | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return children[0] ? identityOf(Number(children[0])) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the setup is done, that is, the shell has become the holder's program. */
function isHolding(pid: number, pause: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(programInside(pause));
  } catch {
    return false;
  }
}

/** Path of a program as seen from inside. */
export function programInside(program: string): string {
  return program.startsWith(`${cacheRoot()}/`) ? join(PROGRAMS, program.slice(cacheRoot().length)) : program;
}

/** A command line that runs in the namespaces of the holder. */
export function inside(holder: ProcessIdentity, command: readonly string[]): string[] {
  return ['nsenter', `--target=${holder.pid}`, '--net', '--mount', '--pid', '--', ...command];
}

/** Starts a daemon in the namespaces unless it runs already. */
export async function startInside(folder: string, holder: ProcessIdentity, daemon: Daemon): Promise<void> {
  if (daemonAlive(folder, daemon.name)) return;
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const environment = Object.entries(daemonEnvironment(process.env)).map(([key, value]) => `${key}=${value}`);
  const launch = 'log=$1; shift; setsid "$@" </dev/null >>"$log" 2>&1 & echo $!';
  const command = [
    'env',
    '-i',
    ...environment,
    'sh',
    '-c',
    launch,
    'sh',
    logPath(folder, daemon.name),
    programInside(daemon.program),
    ...daemon.args,
  ];
  const [program, ...args] = inside(holder, command) as [string, ...string[]];
  const pid = Number(await must(program, args, { cwd: '/' }));
  const identity = findInside(holder.pid, pid);
  if (identity === undefined) throw new Error(`${daemon.name} ended at once; see ${logPath(folder, daemon.name)}`);
  recordDaemon(folder, daemon.name, identity);
}

/** The process that has this pid in the holder's process namespace. */
function findInside(holder: number, pid: number): ProcessIdentity | undefined {
  const namespace = readlinkSync(`/proc/${holder}/ns/pid`);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readlinkSync(`/proc/${entry}/ns/pid`) !== namespace) continue;
      const innermost = /^NSpid:.*?(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1];
      if (Number(innermost) === pid) return identityOf(Number(entry));
    } catch {
      // It ended while we looked.
    }
  }
  return undefined;
}
