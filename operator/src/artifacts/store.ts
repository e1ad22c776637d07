/** An object as a list shows it. */
export interface StoredObject {
  readonly key: string;
  readonly size: number;
  /** Epoch milliseconds of its last change. */
  readonly modifiedAt: number;
}

/** Size and checksum of stored bytes. */
export interface Stored {
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of these bytes, hexadecimal. */
  readonly sha256: string;
}

export type Bytes = AsyncIterable<Uint8Array>;

/**
 * Where artifacts and logs are kept. An object exists whole or not at all; putting it again replaces it.
 * Methods throw StoreError when the store refuses or, after retries, does not answer.
 */
export interface ObjectStore {
  put(key: string, body: Bytes): Promise<Stored>;
  /** The bytes of an object, or undefined when there is none. */
  get(key: string): Promise<Bytes | undefined>;
  /**
   * The objects whose key begins with the prefix, in the order of their keys; with `after`, only those with later keys.
   * @throws ListTooLongError when there are more than one list may have
   */
  list(prefix: string, after?: string): AsyncIterable<StoredObject>;
  /** Deleting an object that does not exist is not an error. */
  delete(key: string): Promise<void>;
  /** Drops unfinished uploads under the prefix. */
  abandon(prefix: string): Promise<void>;
}

/** The store refused a request, or did not answer; the message names the store, the request and the answer. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** A list that ended before its last object; a list that begins after the last object seen continues it. */
export class ListTooLongError extends StoreError {}

/** An artifact or a request is not valid; the message names the remedy. */
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
