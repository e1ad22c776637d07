/** Finds processes in /proc, for leftovers of interrupted commands that no file records. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { identityOf, type ProcessIdentity } from './identity.ts';

/** The command line of a process; empty when it has ended or is the kernel's. */
export function commandOf(pid: number): string[] {
  return (read(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1);
}

/** All processes for which `matches` holds. */
export function findProcesses(matches: (pid: number) => boolean): ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter(matches)
    .flatMap((pid) => identityOf(pid) ?? []);
}

/** Whether two processes are in the same process namespace. */
export function sameNamespace(pid: number, other: number): boolean {
  const namespace = link(`/proc/${pid}/ns/pid`);
  return namespace !== undefined && namespace === link(`/proc/${other}/ns/pid`);
}

/** The pid that a process has in its own, innermost namespace. */
export function innermostPid(pid: number): number | undefined {
  const pids = /^NSpid:\s*(.*)$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]?.split(/\s+/);
  return pids === undefined ? undefined : Number(pids.at(-1));
}

export function firstChild(pid: number): ProcessIdentity | undefined {
  const child = read(`/proc/${pid}/task/${pid}/children`)?.trim().split(' ')[0];
  return child ? identityOf(Number(child)) : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it ended meanwhile
  }
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
