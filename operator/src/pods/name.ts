import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const MAX_NAME_LENGTH = 63;
const HASH_LENGTH = 8;

function hash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, HASH_LENGTH);
}

/**
 * The name of the pod of one attempt: readable first, and always with a hash of the run's uid, the path and the attempt,
 * so that no other attempt of any run can have it. Deterministic: the name is the lock.
 */
export function podName(runName: string, runUid: string, path: string, attempt: number): string {
  const readable = `${runName}-${path}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const suffix = `-${attempt}-${hash(`${runUid}/${path}/${attempt}`)}`;
  return `${readable.slice(0, MAX_NAME_LENGTH - suffix.length).replace(/-+$/, '')}${suffix}`;
}

/** A label value for a path, which itself may be too long for one or hold brackets. */
export function taskHash(path: string): string {
  return hash(path);
}
