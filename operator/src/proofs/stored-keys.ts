import { timingSafeEqual } from 'node:crypto';
import type { KubeObject } from '../runtime/index.ts';
import { idOf, KEY_BYTES, MAX_KEYS, type StoredKey } from './rotation.ts';

/** The field of the Secret with the oldest key, as bytes: the only field that earlier operator versions know. */
export const KEY_FIELD = 'attestation.key';
/** The field with all keys, the newest first, one a line: id, time from which it is used, and the key. */
export const KEYS_FIELD = 'attestation.keys';

const LINE = /^([A-Za-z0-9_-]{6}) (\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z) ([A-Za-z0-9+/]{43}=)$/;

export interface KeySecret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * A stored key is invalid. It is never replaced automatically, because that would silently void all of its codes.
 */
export class DamagedKeyError extends Error {
  override readonly name = 'DamagedKeyError';

  constructor(
    { namespace, name }: { namespace?: string | undefined; name: string },
    problem: string,
    field = KEY_FIELD,
  ) {
    const secret = `Secret ${namespace ?? ''}/${name}`;
    super(
      `${secret}: data["${field}"] ${problem}; restore the Secret from a backup, or delete it and restart all replicas: ` +
        'this creates a new key, repeats attempts in progress, and voids the recorded approvals',
    );
  }
}

/** The keys in the Secret, the newest first; undefined if the Secret is empty. @throws DamagedKeyError */
export function storedKeys({ metadata, data = {} }: KeySecret): readonly StoredKey[] | undefined {
  const text = data[KEY_FIELD];
  if (text === undefined) {
    if (Object.keys(data).length === 0) return undefined;
    throw new DamagedKeyError(metadata, 'is missing, but other fields exist');
  }
  const key = new Uint8Array(Buffer.from(text, 'base64'));
  if (key.length !== KEY_BYTES) {
    throw new DamagedKeyError(metadata, `has ${key.length} bytes instead of ${KEY_BYTES}`);
  }
  const list = data[KEYS_FIELD];
  if (list === undefined) return [{ key, from: Date.parse(metadata.creationTimestamp ?? '') || 0 }];
  const keys = Buffer.from(list, 'base64')
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line, at) => {
      const stored = keyIn(line);
      if (typeof stored !== 'string') return stored;
      throw new DamagedKeyError(metadata, `${stored} in line ${at + 1}`, KEYS_FIELD);
    });
  if (keys.length > MAX_KEYS) throw new DamagedKeyError(metadata, `has more than ${MAX_KEYS} lines`, KEYS_FIELD);
  const oldest = keys.at(-1);
  if (oldest && timingSafeEqual(oldest.key, key)) return keys;
  throw new DamagedKeyError(metadata, `does not end with the key in data["${KEY_FIELD}"]`, KEYS_FIELD);
}

/** The key in a line, or its problem. The id is derived from the key, so a change of a single letter is detected. */
function keyIn(line: string): StoredKey | string {
  const [, id, from = '', text = ''] = LINE.exec(line) ?? [];
  if (id === undefined) return 'has no key';
  const key = new Uint8Array(Buffer.from(text, 'base64'));
  if (idOf(key) !== id) return `has a key that does not match its id ${id}`;
  return Number.isNaN(Date.parse(from)) ? `has no valid time for ${id}` : { key, from: Date.parse(from) };
}

/** The fields of the Secret for these keys. */
export function packedKeys(keys: readonly StoredKey[]): Record<string, string> {
  const base64 = (content: string | Uint8Array) => Buffer.from(content).toString('base64');
  const lines = keys.map(({ key, from }) => `${idOf(key)} ${new Date(from).toISOString()} ${base64(key)}\n`);
  return { [KEY_FIELD]: base64(keys.at(-1)?.key ?? ''), [KEYS_FIELD]: base64(lines.join('')) };
}
