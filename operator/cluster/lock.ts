/**
 * One at a time across processes: two commands never build into one folder or start one cluster twice. The lock is a
 * file that names its holder; the lock of a holder that has died is taken over.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identityOf, isAlive, type ProcessIdentity } from './identity.ts';
import { until } from './wait.ts';

/** Runs `work` while holding the lock file `path`. Waits up to `timeoutMs` (default 30 min: a first build). */
export async function withLock<T>(path: string, work: () => Promise<T>, timeoutMs = 1_800_000): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  await until(
    () => (tryLock(path) ? true : undefined),
    timeoutMs,
    () => new Error(`another command has held ${path} for ${Math.round(timeoutMs / 1000)} s; end it and try again`),
    100,
  );
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** A hard link of a file that is already whole: nobody ever reads a lock that is half written. */
export function tryLock(path: string): boolean {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identityOf(process.pid)));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = holderOf(path);
    if (holder === undefined || !isAlive(holder)) removeStale(path, `${own}.stale`);
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moves the lock aside and looks again: if another command took it in between, it gets it back. */
function removeStale(path: string, aside: string): void {
  try {
    renameSync(path, aside);
    const holder = holderOf(aside);
    if (holder !== undefined && isAlive(holder)) linkSync(aside, path);
    rmSync(aside, { force: true });
  } catch {
    // Somebody else removed it first; the next round sees how it is now.
  }
}

function holderOf(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
