import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { capture } from '../../process.ts';

const PROGRAM = join(import.meta.dirname, 'program.ts');
const MOST_CORES = 16;

/**
 * Seconds of CPU that one unit of work takes on this machine now: the mean of one on each core at once, since the other
 * cores are busy during a measurement too, and busy neighbours make each core slower.
 * @throws Error when the program fails
 */
export async function unitSeconds(): Promise<number> {
  const cores = Math.min(availableParallelism(), MOST_CORES);
  const seconds = await Promise.all(Array.from({ length: cores }, oneUnit));
  return seconds.reduce((sum, each) => sum + each, 0) / cores;
}

/**
 * In a new process, so that it is always equally cold, and with one thread, so that compiling and collecting garbage
 * count alike on any number of cores.
 */
async function oneUnit(): Promise<number> {
  const { code, stdout, stderr } = await capture(process.execPath, ['--single-threaded', PROGRAM]);
  const seconds = Number(stdout);
  if (code !== 0 || !(seconds > 0)) throw new Error(`the unit of work ended with ${code}: ${stderr.slice(-500)}`);
  return seconds;
}
