import { createHash } from 'node:crypto';

/** Keys are as long as the digest of the HMAC. */
export const KEY_BYTES = 32;
/** Keys that are kept: codes of almost two years stay valid. */
export const MAX_KEYS = 8;

const DAY_MS = 24 * 3_600_000;
/** How long a key is used before the next one replaces it. */
export const ROTATED_MS = 90 * DAY_MS;
/**
 * How long before its first use a key is stored, so that every replica has read it by then, also with a wrong clock.
 */
export const ANNOUNCED_MS = DAY_MS;
/** Characters of an id: enough to distinguish the keys of one Secret. */
const ID_LENGTH = 6;

/** A key, and the time from which it is used (epoch ms). */
export interface StoredKey {
  readonly key: Uint8Array;
  readonly from: number;
}

/** The id of a key in codes. It is a hash that reveals nothing about the key. */
export function idOf(key: Uint8Array): string {
  return createHash('sha256').update('id of key').update(key).digest('base64url').slice(0, ID_LENGTH);
}

/** Rotates the keys, the newest first; returns the same object if nothing is due. */
export function rotated(keys: readonly StoredKey[], now: number): readonly StoredKey[] {
  const [newest] = keys;
  if (newest === undefined) return [{ key: newKey(), from: now }];
  if (now - newest.from < ROTATED_MS) return keys;
  return [{ key: newKey(), from: now + ANNOUNCED_MS }, ...keys].slice(0, MAX_KEYS);
}

/** The key that new codes use: the newest one that every replica knows. */
export function currentKey(keys: readonly StoredKey[], now: number): StoredKey | undefined {
  return keys.find(({ from }) => from <= now) ?? keys.at(-1);
}

const newKey = (): Uint8Array => crypto.getRandomValues(new Uint8Array(KEY_BYTES));
