/** How much slower a process runs because others use the processors, by the scheduler's own figures. */
import { readdirSync, readFileSync } from 'node:fs';

/** Time of all threads of a process since it began, ns. */
export interface Scheduled {
  readonly running: number;
  /** Ready to run, but on no processor. */
  readonly waiting: number;
}

const NEVER: Scheduled = { running: 0, waiting: 0 };

/** Reads the times of a process. Threads that have ended are not in them. */
export function scheduledOf(pid: number): Scheduled {
  const folder = `/proc/${pid}/task`;
  const threads = readdirSync(folder).map((thread) => readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' '));
  const total = (column: number) => threads.reduce((sum, fields) => sum + Number(fields[column]), 0);
  return { running: total(0), waiting: total(1) };
}

/** The factor by which a process took longer between two readings than with processors of its own: 1 on an idle machine. */
export function slowdown(to: Scheduled, from: Scheduled = NEVER): number {
  const running = to.running - from.running;
  return running > 0 ? 1 + (to.waiting - from.waiting) / running : 1;
}
