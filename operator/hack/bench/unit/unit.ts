import { join } from 'node:path';
import { capture } from '../../process.ts';

const PROGRAM = join(import.meta.dirname, 'program.ts');

/**
 * Seconds of CPU that one unit of work takes on this machine now. In a new process, so that it is always equally cold,
 * and with one thread, so that compiling and collecting garbage count as they would on any number of cores.
 * @throws Error when the program fails
 */
export async function unitSeconds(): Promise<number> {
  const { code, stdout, stderr } = await capture(process.execPath, ['--single-threaded', PROGRAM]);
  const seconds = Number(stdout);
  if (code !== 0 || !(seconds > 0)) throw new Error(`the unit of work ended with ${code}: ${stderr.slice(-500)}`);
  return seconds;
}
