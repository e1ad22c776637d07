/**
 * The identity of a process. Pids are reused, also after a reboot, so the identity is the pid, the start tick and the
 * boot; no process is ever signalled by its pid alone.
 */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to the start of the process: field 22 of /proc/PID/stat. */
  startTicks: string;
  bootId: string;
}

interface ProcessStat {
  state: string;
  startTicks: string;
}

/** Reads a line of /proc/PID/stat. The name may contain spaces and brackets, so fields count from its last bracket. */
export function parseStat(line: string): ProcessStat | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTicks = fields[19];
  return state && startTicks ? { state, startTicks } : undefined;
}

function statOf(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** The identity of a running process; undefined if there is none with this pid. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat ? { pid, startTicks: stat.startTicks, bootId: bootId() } : undefined;
}

/** Whether exactly this process still runs. A zombie does not. */
export function isAlive(process: ProcessIdentity): boolean {
  const stat = statOf(process.pid);
  return (
    stat !== undefined && stat.state !== 'Z' && stat.startTicks === process.startTicks && bootId() === process.bootId
  );
}

/** ms since the process started, from the kernel's own clock. */
export function uptimeMs(process: ProcessIdentity): number {
  const sinceBoot = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  return Math.max(0, sinceBoot - Number(process.startTicks) * 10);
}
