import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactError, type Bytes } from './store.ts';

export const BLOCK = 512;
const MAX_ENTRIES = 100_000;
/** What a header can say in its own fields; longer names and larger sizes go into a record before it. */
const MAX_NAME = 100;
const MAX_SIZE = 0o77777777777;

interface Entry {
  readonly name: string;
  readonly type: '0' | '2' | '5';
  readonly mode: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly link: string;
}

/**
 * A folder as a tar archive: files, folders and symbolic links, in the order of their names, so that the same folder is
 * the same archive. Links are kept as links and never followed; devices and sockets are refused.
 * @throws ArtifactError when the folder changes while it is read, or holds what an archive cannot
 */
export async function* tarOf(folder: string): Bytes {
  const count = { entries: 0 };
  yield* walk(folder, '', count);
  yield new Uint8Array(2 * BLOCK);
}

async function* walk(root: string, inside: string, count: { entries: number }): Bytes {
  for (const name of (await readdir(join(root, inside))).sort()) {
    count.entries += 1;
    if (count.entries > MAX_ENTRIES) throw new ArtifactError(`${root} holds more than ${MAX_ENTRIES} files`);
    const path = inside === '' ? name : `${inside}/${name}`;
    const entry = await entryOf(root, path);
    yield* headersOf(entry);
    if (entry.type === '0') yield* contentOf(join(root, path), entry.size);
    if (entry.type === '5') yield* walk(root, path, count);
  }
}

async function entryOf(root: string, path: string): Promise<Entry> {
  const file = join(root, path);
  const found = await lstat(file);
  const common = { mode: found.mode & 0o777, mtime: Math.floor(found.mtimeMs / 1000), size: 0, link: '' };
  if (found.isDirectory()) return { ...common, name: `${path}/`, type: '5' };
  if (found.isFile()) return { ...common, name: path, type: '0', size: found.size };
  if (found.isSymbolicLink()) return { ...common, name: path, type: '2', link: await readlink(file) };
  throw new ArtifactError(`${file} is neither a file, a folder nor a link; take it out of the artifact`);
}

async function* contentOf(file: string, size: number): Bytes {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  let read = 0;
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false }) as Bytes) {
      read += chunk.length;
      if (read > size) break;
      yield chunk;
    }
  } finally {
    await handle.close();
  }
  if (read !== size)
    throw new ArtifactError(`${file} changed while it was read; end what writes to it before the task ends`);
  yield new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

function* headersOf(entry: Entry): Generator<Uint8Array> {
  const records = [
    ...(Buffer.byteLength(entry.name) > MAX_NAME ? [record('path', entry.name)] : []),
    ...(Buffer.byteLength(entry.link) > MAX_NAME ? [record('linkpath', entry.link)] : []),
    ...(entry.size > MAX_SIZE ? [record('size', String(entry.size))] : []),
  ];
  if (records.length > 0) {
    const body = Buffer.from(records.join(''));
    yield header({ name: 'pax', type: 'x', mode: 0o644, size: body.length, mtime: 0, link: '' });
    yield body;
    yield new Uint8Array((BLOCK - (body.length % BLOCK)) % BLOCK);
  }
  yield header(entry);
}

/** A pax record is `<length> <key>=<value>\n`, and its length counts its own digits. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length > length) length += 1;
  return `${length}${rest}`;
}

function header(entry: Omit<Entry, 'type'> & { type: Entry['type'] | 'x' }): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(entry.name, 0, MAX_NAME);
  octal(entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(Math.min(entry.size, MAX_SIZE), 124, 12);
  octal(Math.max(0, entry.mtime), 136, 12);
  block.write('        ', 148, 'latin1');
  block.write(entry.type, 156, 'latin1');
  block.write(entry.link, 157, MAX_NAME);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
