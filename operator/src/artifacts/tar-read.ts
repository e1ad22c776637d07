import { constants } from 'node:fs';
import { mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { ArtifactError, type Bytes } from './store.ts';
import { type Entry, entriesOf } from './tar-entries.ts';
import { broken } from './tar-layout.ts';

/** Headers of one archive: each entry takes an inode. */
const MAX_ENTRIES = 200_000;
/** As many links as Linux follows in one path. */
const MAX_HOPS = 40;

/**
 * Unpacks an archive into a folder that exists and is empty. Nothing is written outside of it, whatever the archive says.
 * @throws ArtifactError for an archive that is broken, leads out of the folder, unpacks to more than `maxBytes`, or has
 *   more than `maxEntries` entries, extended headers included
 */
export async function untar(
  archive: Bytes,
  folder: string,
  maxBytes: number,
  maxEntries: number = MAX_ENTRIES,
): Promise<void> {
  const unpacked = new Unpacking(folder);
  let left = maxBytes;
  let headers = 0;
  for await (const entry of entriesOf(archive)) {
    headers += entry.headers;
    if (headers > maxEntries) throw new ArtifactError(`the artifact has more than ${maxEntries} entries`);
    left -= entry.size;
    if (left < 0) throw new ArtifactError(`the artifact unpacks to more than ${maxBytes} bytes`);
    await unpacked.add(entry);
  }
  unpacked.finish();
}

/** Entries of an archive as they appear in the folder. */
class Unpacking {
  readonly #folder: string;
  /** The links so far: nothing is written through them. */
  readonly #links = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async add(entry: Entry): Promise<void> {
    const name = this.#safe(entry.name);
    try {
      await this.#place(name, entry);
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new ArtifactError(`the artifact holds "${name}" twice, or as a file and a folder`);
    }
  }

  /** Links may lead through others that came later, so all of them are followed once more. */
  finish(): void {
    for (const [name, link] of this.#links) if (this.#leaves(name)) throw leading(name, link);
  }

  async #place(name: string, entry: Entry): Promise<void> {
    const { type, mode, link } = entry;
    if (name === '.' && type !== 'directory') throw broken('the folder itself is not a folder');
    const path = join(this.#folder, name);
    if (type === 'directory') {
      await mkdir(path, { recursive: true, mode: mode | 0o700 });
    } else if (type === 'symlink') {
      if (link.startsWith('/') || link === '') throw leading(name, link);
      this.#links.set(name, link);
      if (this.#leaves(name)) throw leading(name, link);
      await mkdir(dirname(path), { recursive: true });
      await symlink(link, path);
    } else if (type === 'file') {
      await this.#file(path, entry);
    } else {
      throw new ArtifactError(`the artifact holds an entry of type "${type ?? 'unknown'}", "${name}"`);
    }
  }

  async #file(path: string, { mode, content }: Entry): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(path, flags, mode | 0o600);
    try {
      for await (const chunk of content) await file.writeFile(chunk);
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

  /** Whether a link leads out of the folder at any step, followed as the kernel does. */
  #leaves(name: string): boolean {
    const at = name.split('/').slice(0, -1);
    const ahead = stepsOf(this.#links.get(name) ?? '');
    for (let hops = 0; ahead.length > 0; ) {
      const part = ahead.pop() ?? '';
      if (part === '..' && at.pop() === undefined) return true;
      if (part === '..') continue;
      const link = this.#links.get([...at, part].join('/'));
      if (link === undefined) at.push(part);
      // A circle never ends.
      else if (++hops > MAX_HOPS) return false;
      else ahead.push(...stepsOf(link));
    }
    return false;
  }
}

/** The steps of a path, the first one last. */
const stepsOf = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .reverse();

/** Whether the place is taken, or its parent is not a folder. */
const isTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['EEXIST', 'ENOTDIR', 'EISDIR'].includes(String(error.code));

const leading = (name: string, link: string) =>
  new ArtifactError(`the artifact holds the link "${name}" to "${link}", which leads out of its folder`);
