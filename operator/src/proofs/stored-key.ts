import type { KubeObject } from '../runtime/index.ts';

/** Keys have as many bytes as the digest that they are mixed into. */
export const KEY_BYTES = 32;
/** The field of the Secret that holds the key. */
export const KEY_FIELD = 'attestation.key';

export interface KeySecret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * The key is there and is none. It is never made anew by itself: all that it vouched for would be void without a word.
 */
export class DamagedKeyError extends Error {
  override readonly name = 'DamagedKeyError';

  constructor({ namespace, name }: { namespace?: string | undefined; name: string }, problem: string) {
    const secret = `Secret ${namespace ?? ''}/${name}`;
    super(
      `${secret}: data["${KEY_FIELD}"] ${problem}; restore the Secret from a backup, or delete it and restart all replicas: ` +
        'then a new key is made, attempts under way are lost and repeated, and approvals that were given are void',
    );
  }
}

/** The key in the Secret; nothing where the Secret is empty and waits to be filled. @throws DamagedKeyError */
export function storedKey({ metadata, data = {} }: KeySecret): Uint8Array | undefined {
  const text = data[KEY_FIELD];
  if (text === undefined) {
    if (Object.keys(data).length === 0) return undefined;
    throw new DamagedKeyError(metadata, 'is missing beside other fields');
  }
  const key = Buffer.from(text, 'base64');
  if (key.length === KEY_BYTES) return new Uint8Array(key);
  throw new DamagedKeyError(metadata, `has ${key.length} bytes instead of ${KEY_BYTES}`);
}

export const newKey = (): Uint8Array => crypto.getRandomValues(new Uint8Array(KEY_BYTES));
