import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pack, pack } from 'tar-stream';
import { drained } from './drained.ts';
import { ArtifactError, type Bytes } from './store.ts';

const MAX_ENTRIES = 100_000;
/** Two empty blocks end an archive. */
const END = new Uint8Array(1024);

type Header = Parameters<Pack['entry']>[0];

/**
 * A folder as a tar archive: files, folders and symbolic links, in the order of their names, so that the same folder is
 * the same archive. Links are kept as links and never followed; devices and sockets are refused.
 * @throws ArtifactError when the folder changes while it is read, or holds what an archive cannot
 */
export async function* tarOf(folder: string): Bytes {
  const count = { entries: 0 };
  yield* walk(folder, '', count);
  yield END;
}

async function* walk(root: string, inside: string, count: { entries: number }): Bytes {
  for (const name of (await readdir(join(root, inside))).sort()) {
    count.entries += 1;
    if (count.entries > MAX_ENTRIES) throw new ArtifactError(`${root} holds more than ${MAX_ENTRIES} files`);
    const path = inside === '' ? name : `${inside}/${name}`;
    const header = await headerOf(root, path);
    yield* blocksOf(header, header.type === 'file' ? contentOf(join(root, path), header.size ?? 0) : undefined);
    if (header.type === 'directory') yield* walk(root, path, count);
  }
}

async function headerOf(root: string, path: string): Promise<Header> {
  const file = join(root, path);
  const found = await lstat(file);
  // A pack takes no permissions at all for unknown ones, and writes its own.
  const mode = found.mode & 0o777 || 0o600;
  const common = { mode, mtime: new Date(Math.max(0, found.mtimeMs)) };
  if (found.isDirectory()) return { ...common, name: `${path}/`, type: 'directory' };
  if (found.isFile()) return { ...common, name: path, type: 'file', size: found.size };
  if (found.isSymbolicLink()) return { ...common, name: path, type: 'symlink', linkname: await readlink(file) };
  throw new ArtifactError(`${file} is neither a file, a folder nor a link; take it out of the artifact`);
}

/**
 * The blocks of one entry. It gets a pack of its own, without the end: a pack keeps the headers of folders, links and empty
 * files until they are read, however many there are.
 */
async function* blocksOf(header: Header, content: Bytes | undefined): Bytes {
  const archive = pack();
  const sink = archive.entry(header);
  archive.finalize();
  const filling = fill(sink, content).catch((error: unknown) => void archive.destroy(error as Error));
  try {
    let last: Uint8Array | undefined;
    for await (const chunk of archive as Bytes) {
      if (last) yield last;
      last = chunk;
    }
  } finally {
    archive.destroy();
    await filling;
  }
}

async function fill(sink: ReturnType<Pack['entry']>, content: Bytes | undefined): Promise<void> {
  if (!content) return;
  for await (const chunk of content) {
    if (sink.destroying) return;
    if (!sink.write(chunk)) await drained(sink);
  }
  sink.end(undefined);
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
}
