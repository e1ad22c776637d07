/** What a store holds under a key. */
export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** Epoch milliseconds of its last change. */
  readonly modifiedAt: number;
}

/** What was stored. */
export interface Stored {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of these bytes, hexadecimal. */
  readonly sha256: string;
}

export type Bytes = AsyncIterable<Uint8Array>;

/**
 * Where artifacts and logs are kept. An object is there whole or not at all; putting it again replaces it.
 * Methods throw StoreError when the store refuses or, after retries, does not answer.
 */
export interface ObjectStore {
  put(key: string, body: Bytes): Promise<Stored>;
  /** The bytes of an object, or undefined when there is none. */
  get(key: string): Promise<Bytes | undefined>;
  /** All objects whose key begins with the prefix, in no order. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Forgets uploads under the prefix that were begun and never finished. */
  abandon(prefix: string): Promise<void>;
}

/** A store that refused, or did not answer; the message names the store, what was asked and the answer. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** An artifact or a request that cannot be served as asked; the message names the remedy. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';
}

/** All bytes of a small object. @throws ArtifactError beyond `limit` */
export async function readAll(body: Bytes, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new ArtifactError(`the object has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function* once(bytes: Uint8Array): Bytes {
  yield bytes;
}
