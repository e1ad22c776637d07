import { readFileSync } from 'node:fs';
import { capture } from '../process.ts';
import { coresOf, firstCores } from './cores.ts';

/**
 * Keeps this process, all that it starts from now on, and other processes to the first `cpus` cores that this one may
 * use; undefined gives them all of these cores, whatever an earlier call has left.
 * @throws TypeError when there are not so many cores; Error when a process cannot be moved
 */
export async function pin(cpus: number | undefined, others: Iterable<number>): Promise<void> {
  const cores = firstCores(allowedCores(process.pid), cpus);
  for (const pid of [...others, process.pid]) {
    if (allowedCores(pid).join() === cores.join()) continue;
    const { code, stderr } = await capture('taskset', [
      '--all-tasks',
      '--cpu-list',
      '--pid',
      cores.join(),
      String(pid),
    ]);
    if (code !== 0) throw new Error(`process ${pid} cannot be kept to the cores ${cores.join()}: ${stderr.trim()}`);
  }
}

function allowedCores(pid: number): number[] {
  const [, list = ''] = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return coresOf(list);
}
