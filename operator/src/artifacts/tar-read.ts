import { constants } from 'node:fs';
import { mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { ArtifactError, type Bytes } from './store.ts';
import { broken, checked, type Header, headerOf, recordsOf } from './tar-header.ts';
import { BLOCK } from './tar-write.ts';

const MAX_RECORD = 64 * 1024;
/** Entries of one archive: each takes an inode. */
const MAX_ENTRIES = 200_000;
/** Links that lead to each other, as many as Linux follows. */
const MAX_HOPS = 40;

/**
 * Unpacks an archive into a folder that exists and is empty. Nothing is written outside of it, whatever the archive says.
 * @throws ArtifactError for an archive that is broken, leads out of the folder, unpacks to more than `maxBytes`, or has
 *   more than `maxEntries` entries
 */
export async function untar(
  archive: Bytes,
  folder: string,
  maxBytes: number,
  maxEntries: number = MAX_ENTRIES,
): Promise<void> {
  const source = new ByteSource(archive);
  const unpacked = new Unpacking(folder);
  let extra: Partial<Header> = {};
  let left = maxBytes;
  let entries = 0;
  for (let block = await source.take(BLOCK); !isZero(block); block = await source.take(BLOCK)) {
    if (++entries > maxEntries) throw new ArtifactError(`the artifact has more than ${maxEntries} entries`);
    const own = headerOf(block);
    if (own.type === 'x') {
      extra = recordsOf(await source.padded(bounded(own.size, MAX_RECORD)));
      continue;
    }
    const header = checked({ ...own, ...extra });
    extra = {};
    left -= header.size;
    if (left < 0) throw new ArtifactError(`the artifact unpacks to more than ${maxBytes} bytes`);
    await unpacked.add(header, source);
  }
  unpacked.finish();
  await source.drain();
}

/** Entries of an archive as they appear in the folder. */
class Unpacking {
  readonly #folder: string;
  /** Links that were made: nothing is written through them. */
  readonly #links = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async add(header: Header, source: ByteSource): Promise<void> {
    const name = this.#safe(header.name);
    if (name === '.' && header.type !== '5') throw broken('the folder itself is no folder');
    const path = join(this.#folder, name);
    if (header.type === '5') {
      await mkdir(path, { recursive: true, mode: header.mode | 0o700 });
    } else if (header.type === '2') {
      if (header.link.startsWith('/') || header.link === '') throw leading(name, header.link);
      this.#links.set(name, header.link);
      if (this.#leaves(name)) throw leading(name, header.link);
      await mkdir(dirname(path), { recursive: true });
      await symlink(header.link, path);
    } else if (header.type === '0' || header.type === '\0') {
      await this.#file(path, header, source);
    } else {
      throw new ArtifactError(`the artifact holds an entry of type "${header.type}", "${header.name}"`);
    }
  }

  /** Links may lead through others that came later, so all of them are followed once more. */
  finish(): void {
    for (const [name, link] of this.#links) if (this.#leaves(name)) throw leading(name, link);
  }

  async #file(path: string, { mode, size }: Header, source: ByteSource): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(path, flags, mode | 0o600);
    try {
      for await (const chunk of source.stream(size)) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  }

  #safe(name: string): string {
    const clean = posix.normalize(name).replace(/\/$/, '');
    const isOutside = clean.startsWith('/') || clean === '..' || clean.startsWith('../');
    const parents = clean.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'));
    if (isOutside || parents.some((parent) => this.#links.has(parent))) {
      throw new ArtifactError(`the artifact holds "${name}", which leads out of its folder`);
    }
    return clean;
  }

  /** Whether a link leads out of the folder at any step of the way, as the kernel would go it. */
  #leaves(name: string): boolean {
    const at = name.split('/').slice(0, -1);
    const ahead = stepsOf(this.#links.get(name) ?? '');
    for (let hops = 0; ahead.length > 0; ) {
      const part = ahead.pop() ?? '';
      if (part === '..' && at.pop() === undefined) return true;
      if (part === '..') continue;
      const link = this.#links.get([...at, part].join('/'));
      if (link === undefined) at.push(part);
      // A circle leads nowhere.
      else if (++hops > MAX_HOPS) return false;
      else ahead.push(...stepsOf(link));
    }
    return false;
  }
}

/** The steps of a way, the first one last. */
const stepsOf = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .reverse();

const leading = (name: string, link: string) =>
  new ArtifactError(`the artifact holds the link "${name}" to "${link}", which leads out of its folder`);

/** Takes exact numbers of bytes from a stream. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(bytes: Bytes) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  async take(size: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for (let missing = size; missing > 0; ) {
      const piece = await this.#some(missing);
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async padded(size: number): Promise<Buffer> {
    const bytes = await this.take(size);
    await this.take((BLOCK - (size % BLOCK)) % BLOCK);
    return bytes;
  }

  /** The next `size` bytes as they come, and past their padding. */
  async *stream(size: number): Bytes {
    for (let missing = size; missing > 0; ) {
      const piece = await this.#some(missing);
      missing -= piece.length;
      yield piece;
    }
    await this.take((BLOCK - (size % BLOCK)) % BLOCK);
  }

  /** Reads to the end, so that whoever counts or hashes the bytes has all of them. */
  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async #some(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) throw new ArtifactError('the archive ends in the middle');
      this.#rest = next.value;
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}

const isZero = (block: Uint8Array): boolean => block.every((byte) => byte === 0);

function bounded(size: number, most: number): number {
  if (size > most) throw broken('a record is too long');
  return size;
}
