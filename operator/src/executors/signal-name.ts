import type { RunContext } from './executor.ts';
import { sha256Of } from './sha256.ts';

const MAX_NAME_LENGTH = 63;
const HASH_LENGTH = 6;
/** Names of objects: words that begin and end with a letter or a digit, with dots between them. */
const LEGAL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

const SECRET_LENGTH = 10;

type Run = Pick<RunContext, 'name' | 'uid'>;

/**
 * The names that anybody can work out by which a task asks, in their order: the one that people expect, one if a stranger
 * holds that, and the one that earlier operators gave to what is inside of something.
 */
export function signalObjectNames(run: Run, path: string): string[] {
  const name = `${run.name}-${path}`;
  const other = withHash(name, shortHash(`${run.uid}${path}`));
  return [...new Set([expectedName(name), other, ...(/[[/.]/.test(path) ? [withHash(name, shortHash(name))] : [])])];
}

/** The first of these names. */
export const signalObjectName = (run: Run, path: string): string => expectedName(`${run.name}-${path}`);

/**
 * `<run>-<task>`, so that people can say it before it exists; of an item `<run>-<task>.<index>`, and likewise inside of
 * templates and loops: a dot is in no name of a task, so nothing else of the run has this name. One that is too long is
 * cut and gets a hash.
 */
function expectedName(name: string): string {
  const expected = name.replaceAll(']', '').replaceAll(/[[/]/g, '.');
  return expected.length <= MAX_NAME_LENGTH && LEGAL.test(expected) ? expected : withHash(name, shortHash(name));
}

const shortHash = (text: string): string => sha256Of(text).slice(0, HASH_LENGTH);

/** The name where strangers hold all others: whoever does not know the secret cannot take it before. */
export function secretSignalName(run: Pick<RunContext, 'name'>, secret: string): string {
  return withHash(run.name, sha256Of(secret).slice(0, SECRET_LENGTH));
}

/** As much of a text as people can read and a name may hold, and the hash. */
function withHash(text: string, hash: string): string {
  const readable = text.replace(/[^a-z0-9]+/g, '-').slice(0, MAX_NAME_LENGTH - hash.length - 1);
  return `${readable.replace(/-+$/, '')}-${hash}`;
}
