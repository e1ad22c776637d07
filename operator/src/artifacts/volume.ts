import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { type Bytes, type ObjectStore, type Stored, type StoredObject, StoreError } from './store.ts';

/** Ends the name of a file that is being written. No key ends so. */
const PARTIAL = '.partial';

/** Objects as files of a folder. A file appears under its name when it is whole and on the disk. */
export class VolumeStore implements ObjectStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = resolve(root);
  }

  async put(key: string, body: Bytes): Promise<Stored> {
    const path = this.#pathOf(key);
    const partial = `${path}.${randomUUID()}${PARTIAL}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      const stored = await write(partial, body);
      await rename(partial, path);
      return stored;
    } catch (error) {
      await rm(partial, { force: true });
      throw isFileError(error) ? new StoreError(`cannot write ${key}: ${error.message}`) : error;
    }
  }

  async get(key: string): Promise<Bytes | undefined> {
    const path = this.#pathOf(key);
    const found = await stat(path).catch(() => undefined);
    return found?.isFile() ? createReadStream(path) : undefined;
  }

  async *list(prefix: string, after = ''): AsyncGenerator<StoredObject> {
    // A prefix may end inside of a name: the folder that holds it is listed.
    const folder = this.#pathOf(prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
    const keys = entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith(PARTIAL))
      .map(({ parentPath, name }) => relative(this.#root, join(parentPath, name)).split(sep).join('/'))
      .filter((key) => key.startsWith(prefix) && key > after);
    for (const key of keys.sort()) {
      const found = await stat(this.#pathOf(key)).catch(() => undefined);
      if (found) yield { key, size: found.size, modifiedAt: found.mtimeMs };
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key);
    await rm(path, { force: true });
    await this.#removeEmpty(dirname(path));
  }

  async abandon(prefix: string): Promise<void> {
    const folder = this.#pathOf(prefix);
    const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isFile() && entry.name.endsWith(PARTIAL)) await rm(join(entry.parentPath, entry.name), { force: true });
    }
  }

  async #removeEmpty(folder: string): Promise<void> {
    for (let path = folder; path.startsWith(this.#root + sep); path = dirname(path)) {
      if (
        !(await rmdir(path).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }

  /** @throws StoreError for a key that leads out of the folder */
  #pathOf(key: string): string {
    const path = resolve(this.#root, key);
    if (path !== this.#root && !path.startsWith(this.#root + sep)) throw new StoreError(`"${key}" is not a key`);
    return path;
  }
}

async function write(path: string, body: Bytes): Promise<Stored> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx', 0o640);
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      size += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { size, sha256: hash.digest('hex') };
}

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';
