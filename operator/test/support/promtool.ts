/** Prometheus's own judge of metrics: the machine's, or the one in Debian's package, taken out of it without installing. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, run, which } from '../../cluster/command.ts';

/** The path of promtool. @throws Error with the remedy when there is none to be had */
export async function promtool(): Promise<string> {
  const found = which('promtool');
  if (found) return found;
  const remedy = 'promtool is missing; install it (Debian: apt-get install prometheus) and run the test again';
  if (!which('apt-get') || !which('dpkg-deb')) throw new Error(remedy);
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  if (process.getuid?.() === 0) await run('apt-get', ['update', '-q'], { timeoutMs: 300_000 });
  const { code, stderr } = await run('apt-get', ['download', 'prometheus'], { cwd: folder, timeoutMs: 300_000 });
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (code !== 0 || !archive) throw new Error(`${remedy}: ${stderr.trim()}`);
  await must('dpkg-deb', ['--extract', join(folder, archive), folder]);
  return join(folder, 'usr/bin/promtool');
}
