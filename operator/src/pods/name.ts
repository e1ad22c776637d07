import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { BoundedMap } from '../bounds/index.ts';

const MAX_NAME_LENGTH = 63;
/** The longest name of a run. */
const MAX_RUN_NAME_LENGTH = 52;
const HASH_LENGTH = 8;
/**
 * If the readable part is truncated, only the hash distinguishes thousands of items, which needs 64 bits instead of 32.
 */
const LONG_HASH_LENGTH = 16;

function hash(text: string, length = HASH_LENGTH): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, length);
}

/** Cache of recent names: each name is needed several times, and hashing dominates its cost. */
const MAX_REMEMBERED = 4096;
const remembered = new BoundedMap<string>({ max: MAX_REMEMBERED });

/**
 * The name of the pod of one attempt: a readable part, and a hash of the run's uid, the path and the attempt, so that
 * no other attempt of any run has the same name. Deterministic: the name is the lock.
 */
export function podName(runName: string, runUid: string, path: string, attempt: number): string {
  const identity = `${runUid}/${path}/${attempt}`;
  const key = `${runName}/${identity}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const name = makeName(runName, path, attempt, identity, MAX_NAME_LENGTH);
  remembered.set(key, name);
  return name;
}

/**
 * The name of the child run of an attempt; unique and deterministic like the name of a pod, and short enough for a run.
 */
export function childRunName(runName: string, runUid: string, path: string, attempt: number): string {
  return makeName(runName, path, attempt, `${runUid}/${path}/${attempt}`, MAX_RUN_NAME_LENGTH);
}

function makeName(runName: string, path: string, attempt: number, identity: string, most: number): string {
  const readable = `${runName}-${path}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-+$/, '');
  const name = `${readable}-${attempt}-${hash(identity)}`;
  if (name.length <= most) return name;
  const suffix = `-${attempt}-${hash(identity, LONG_HASH_LENGTH)}`;
  return `${readable.slice(0, most - suffix.length).replace(/-+$/, '')}${suffix}`;
}

/** A label value for a path, which itself may be too long or contain brackets. */
export function taskHash(path: string): string {
  return hash(path);
}

/** A label value for any text. */
export const shortHash = (text: string): string => hash(text);

/** The name of the claim of a workspace of one run. Names of claims may be longer than names of pods. */
export function claimName(runName: string, runUid: string, workspace: string): string {
  return `${runName}-${workspace}-${hash(`${runUid}/${workspace}`)}`;
}
