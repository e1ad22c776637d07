/**
 * Mutual exclusion across processes: two commands never build into one folder or start one cluster twice. The lock is a
 * file that names its holder; the lock of a dead holder is taken over.
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
    () => new Error(`another command has held ${path} for ${Math.round(timeoutMs / 1000)} s; stop it and retry`),
    100,
  );
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Hard-links a complete file, so that a lock is never read half written. */
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

/** Moves the lock aside and checks it again: if another command took it in between, the lock is restored. */
function removeStale(path: string, aside: string): void {
  try {
    renameSync(path, aside);
    const holder = holderOf(aside);
    if (holder !== undefined && isAlive(holder)) linkSync(aside, path);
    rmSync(aside, { force: true });
  } catch {
    // Another command removed it first; the next attempt reads the new state.
  }
}

function holderOf(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
