import { constants } from 'node:fs';
import { mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { ArtifactError, type Bytes } from './store.ts';
import { BLOCK } from './tar-write.ts';

const MAX_RECORD = 64 * 1024;

interface Header {
  name: string;
  type: string;
  mode: number;
  size: number;
  link: string;
}

/**
 * Unpacks an archive into a folder that exists and is empty. Nothing is written outside of it, whatever the archive says.
 * @throws ArtifactError for an archive that is broken, leads out of the folder, or unpacks to more than `maxBytes`
 */
export async function untar(archive: Bytes, folder: string, maxBytes: number): Promise<void> {
  const source = new ByteSource(archive);
  const unpacked = new Unpacking(folder);
  let extra: Partial<Header> = {};
  let left = maxBytes;
  for (let block = await source.take(BLOCK); !isZero(block); block = await source.take(BLOCK)) {
    const header = { ...headerOf(block), ...extra };
    if (header.type === 'x') {
      extra = recordsOf(await source.padded(bounded(header.size, MAX_RECORD)));
      continue;
    }
    extra = {};
    left -= header.size;
    if (left < 0) throw new ArtifactError(`the artifact unpacks to more than ${maxBytes} bytes`);
    await unpacked.add(header, source);
  }
  await source.drain();
}

/** Entries of an archive as they appear in the folder. */
class Unpacking {
  readonly #folder: string;
  /** Links that were made: nothing is written through them. */
  readonly #links = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async add(header: Header, source: ByteSource): Promise<void> {
    const name = this.#safe(header.name);
    const path = join(this.#folder, name);
    if (header.type === '5') {
      await mkdir(path, { recursive: true, mode: header.mode | 0o700 });
    } else if (header.type === '2') {
      this.#requireInside(name, header.link);
      await mkdir(dirname(path), { recursive: true });
      await symlink(header.link, path);
      this.#links.add(name);
    } else if (header.type === '0' || header.type === '\0') {
      await this.#file(path, header, source);
    } else {
      throw new ArtifactError(`the artifact holds an entry of type "${header.type}", "${header.name}"`);
    }
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
    const isOutside = clean.startsWith('/') || clean === '..' || clean.startsWith('../') || clean.includes('\0');
    const parents = clean.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'));
    if (isOutside || parents.some((parent) => this.#links.has(parent))) {
      throw new ArtifactError(`the artifact holds "${name}", which leads out of its folder`);
    }
    return clean;
  }

  #requireInside(name: string, link: string): void {
    const target = posix.normalize(posix.join(posix.dirname(name), link));
    if (!link.startsWith('/') && target !== '..' && !target.startsWith('../')) return;
    throw new ArtifactError(`the artifact holds the link "${name}" to "${link}", which leads out of its folder`);
  }
}

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

function headerOf(block: Buffer): Header {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (octal(block, 148, 8) !== sum) throw new ArtifactError('the archive is broken: a header has another checksum');
  return {
    name: text(block, 0, 100),
    type: String.fromCharCode(block[156] ?? 0),
    mode: octal(block, 100, 8) & 0o777,
    size: octal(block, 124, 12),
    link: text(block, 157, 100),
  };
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString();
}

const octal = (block: Buffer, at: number, length: number): number =>
  Number.parseInt(text(block, at, length).trim(), 8) || 0;

function recordsOf(body: Buffer): Partial<Header> {
  const found: Partial<Header> = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    const length = Number(body.subarray(at, space).toString());
    if (space < 0 || !Number.isInteger(length) || length <= 0)
      throw new ArtifactError('the archive is broken: a record');
    const [key, ...value] = body
      .subarray(space + 1, at + length - 1)
      .toString()
      .split('=');
    if (key === 'path') found.name = value.join('=');
    if (key === 'linkpath') found.link = value.join('=');
    if (key === 'size') found.size = Number(value.join('='));
    at += length;
  }
  return found;
}

function bounded(size: number, most: number): number {
  if (size > most) throw new ArtifactError('the archive is broken: a record is too long');
  return size;
}
