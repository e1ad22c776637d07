import { readFileSync } from 'node:fs';

/** Linux counts CPU time of processes in hundredths of a second, whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

/** CPU time and memory of a process. */
export interface Usage {
  /** User and system time since it began, seconds. */
  readonly cpuSeconds: number;
  /** Largest resident memory since it began, bytes. */
  readonly peakBytes: number;
  /** Resident memory now, bytes. */
  readonly residentBytes: number;
}

/** CPU time and memory of a process since its start. @throws Error when it has ended */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in brackets, may hold spaces; the fields after it do not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { cpuSeconds: ticks / TICKS_PER_SECOND, peakBytes: bytes('VmHWM'), residentBytes: bytes('VmRSS') };
}
