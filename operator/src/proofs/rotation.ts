import { createHash } from 'node:crypto';

/** Keys have as many bytes as the digest that they are mixed into. */
export const KEY_BYTES = 32;
/** Keys that are kept: what the newest and those of almost two years before vouch for is believed. */
export const MAX_KEYS = 8;

const DAY_MS = 24 * 3_600_000;
/** How long codes are made with a key, before there is another one. */
export const ROTATED_MS = 90 * DAY_MS;
/** A key makes no codes before every replica has read it: they look every few minutes, and clocks differ. */
export const ANNOUNCED_MS = DAY_MS;
/** Characters of an id: enough to tell keys of one Secret apart. */
const ID_LENGTH = 6;

/** A key, and from when codes are made with it (epoch ms). */
export interface StoredKey {
  readonly key: Uint8Array;
  readonly from: number;
}

/** The name of a key in codes. It follows from the key and says nothing of it. */
export function idOf(key: Uint8Array): string {
  return createHash('sha256').update('id of key').update(key).digest('base64url').slice(0, ID_LENGTH);
}

/** The keys as they are to be from now on, the newest first: the same object where nothing is due. */
export function rotated(keys: readonly StoredKey[], now: number): readonly StoredKey[] {
  const [newest] = keys;
  if (newest === undefined) return [{ key: newKey(), from: now }];
  if (now - newest.from < ROTATED_MS) return keys;
  return [{ key: newKey(), from: now + ANNOUNCED_MS }, ...keys].slice(0, MAX_KEYS);
}

/** The key that codes are made with now: the newest that every replica knows. */
export function currentKey(keys: readonly StoredKey[], now: number): StoredKey | undefined {
  return keys.find(({ from }) => from <= now) ?? keys.at(-1);
}

const newKey = (): Uint8Array => crypto.getRandomValues(new Uint8Array(KEY_BYTES));
