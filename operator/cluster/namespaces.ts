/**
 * The network, mount and process namespaces of a cluster with a node. They are anonymous and live as long as their
 * first process, the holder: when it ends, the kernel kills every process in them and removes the mounts and the
 * network. So killing the holder always removes the whole cluster.
 *
 * Inside, /run, /var/lib and /var/log are folders of the cluster's state folder, because the kubelet and containerd
 * write to fixed paths there.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from './build.ts';
import { must } from './command.ts';
import { isAlive, type ProcessIdentity } from './identity.ts';
import { commandOf, findProcesses, firstChild, innermostPid, sameNamespace } from './process-table.ts';
import {
  assertAlive,
  type Daemon,
  daemonAlive,
  daemonEnvironment,
  daemonIdentity,
  kill,
  logPath,
  notInTime,
  recordDaemon,
} from './processes.ts';
import { until } from './wait.ts';

export const HOLDER = 'namespaces';

/** The folder of the built programs inside: their folder on the machine may be hidden by a mount. */
const PROGRAMS = '/run/programs';

/** Arguments: the cluster's folder, the folder of programs, the holder's program. Replaces itself with the holder. */
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

/** Creates the namespaces unless they exist. `config/resolv.conf` must exist. Returns the holder. */
export async function ensureNamespaces(folder: string, pause: string): Promise<ProcessIdentity> {
  const running = daemonIdentity(folder, HOLDER);
  const holder = running !== undefined && isAlive(running) ? running : await makeNamespaces(folder, pause);
  await until(
    () => {
      assertAlive(folder, HOLDER);
      // The setup is complete when its shell has been replaced by the holder's program.
      return commandOf(holder.pid)[0] === programInside(pause) ? true : undefined;
    },
    5000,
    () => notInTime('The setup of the namespaces timed out', folder),
    5,
  );
  return holder;
}

async function makeNamespaces(folder: string, pause: string): Promise<ProcessIdentity> {
  await endStrayNamespaces(folder);
  for (const path of ['run', 'logs', 'var-log', `var-lib${folder.replace('/var/lib', '')}`]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  const log = openSync(logPath(folder, HOLDER), 'a');
  const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  const shell = ['sh', '-c', SETUP, 'sh', folder, cacheRoot(), programInside(pause)];
  const parent = spawn('unshare', [...flags, ...shell], { cwd: '/', detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  parent.unref();
  const { pid } = parent;
  if (pid === undefined) throw new Error('cannot start unshare');
  const holder = await until(
    () => firstChild(pid),
    5000,
    () => notInTime('The namespaces could not be created', folder),
    5,
  );
  recordDaemon(folder, HOLDER, holder);
  return holder;
}

/** Kills unrecorded namespaces of this folder, left by a command that was killed just after creating them. */
export async function endStrayNamespaces(folder: string): Promise<void> {
  const parents = findProcesses((pid) => {
    const command = commandOf(pid);
    return command[0] === 'unshare' && command.includes(folder);
  });
  const all = parents.flatMap((parent) => [parent, firstChild(parent.pid) ?? parent]);
  for (const parent of parents) kill(parent);
  await until(
    () => (all.some(isAlive) ? undefined : true),
    20_000,
    () => notInTime('Leftover namespaces could not be removed', folder),
    20,
  );
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
  // An unrecorded daemon (the command that started it was killed) would occupy the ports.
  const commandLine = [programInside(daemon.program), ...daemon.args].join('\0');
  for (const stray of findInside(holder, (pid) => commandOf(pid).join('\0') === commandLine)) {
    return recordDaemon(folder, daemon.name, stray);
  }
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
  const [identity] = findInside(holder, (candidate) => innermostPid(candidate) === pid);
  if (identity === undefined) throw new Error(`${daemon.name} exited at once; see ${logPath(folder, daemon.name)}`);
  recordDaemon(folder, daemon.name, identity);
}

function findInside(holder: ProcessIdentity, matches: (pid: number) => boolean): ProcessIdentity[] {
  return findProcesses((pid) => sameNamespace(pid, holder.pid) && matches(pid));
}
