import type { RunContext } from './executor.ts';
import { sha256Of } from './sha256.ts';

const MAX_NAME_LENGTH = 63;
const HASH_LENGTH = 6;
const PLAIN = /^[a-z0-9-]+$/;

/** Under how many names that anybody can work out a task asks: the one that people expect, and one if that is taken. */
export const SIGNAL_NAMES = 2;
const SECRET_LENGTH = 10;

/**
 * The name of the Signal by which a task asks: `<run>-<task>`, so that people can say it before it exists. A path with
 * brackets or slashes, or one that is too long, gets a hash; so does the other name, which is used where a stranger
 * holds the first.
 */
export function signalObjectName(run: Pick<RunContext, 'name' | 'uid'>, path: string, alternative = 0): string {
  const name = `${run.name}-${path}`;
  if (alternative === 0 && PLAIN.test(path) && name.length <= MAX_NAME_LENGTH) return name;
  return withHash(name, sha256Of(alternative === 0 ? name : `${run.uid}${path}`).slice(0, HASH_LENGTH));
}

/** The name where strangers hold all others: whoever does not know the secret cannot take it before. */
export function secretSignalName(run: Pick<RunContext, 'name'>, secret: string): string {
  return withHash(run.name, sha256Of(secret).slice(0, SECRET_LENGTH));
}

/** As much of a text as people can read and a name may hold, and the hash. */
function withHash(text: string, hash: string): string {
  const readable = text.replace(/[^a-z0-9]+/g, '-').slice(0, MAX_NAME_LENGTH - hash.length - 1);
  return `${readable.replace(/-+$/, '')}-${hash}`;
}
