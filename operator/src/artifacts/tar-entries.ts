import { extract, type Header } from 'tar-stream';
import { drained } from './drained.ts';
import type { Bytes } from './store.ts';
import { broken, TarLayout } from './tar-layout.ts';

/** One entry of an archive, in the order of the archive. */
export interface Entry {
  readonly name: string;
  /** As `tar-stream` calls it, such as `file` or `symlink`; undefined for a type that it does not know. */
  readonly type: Header['type'] | undefined;
  /** Permissions. */
  readonly mode: number;
  /** Bytes of the content; only a file has any. */
  readonly size: number;
  /** Target of a symbolic link; empty for any other entry. */
  readonly link: string;
  /** Headers that the archive spends on the entry: its own, and an extended one if there is one. */
  readonly headers: number;
  readonly content: Bytes;
}

/** Longer than any path that Linux takes. */
const MAX_PATH = 4096;
/** The reader is fed in pieces of this size, so that few bytes wait in it. */
const PIECE_BYTES = 64 * 1024;
/** Messages of `tar-stream`, in the words of this program. */
const MEANINGS: Readonly<Record<string, string>> = {
  'Invalid tar header: unknown format.': 'a header has an unknown format',
  'Invalid header': 'an entry has a size that is negative or not a number',
  'Unexpected end of data': 'it ends in the middle',
  'Header exceeds max size': 'an extended header is too long',
  'Invalid tar header. Maybe the tar is corrupted or it needs to be gunzipped?': 'a header has another checksum',
};

/**
 * The entries of a tar archive. The content of an entry must be read before the next one is asked for, unless it is empty.
 * Memory is bounded whatever the archive holds.
 * @throws ArtifactError for an archive that is broken or cut off
 */
export async function* entriesOf(archive: Bytes): AsyncGenerator<Entry> {
  const reader = extract();
  const layout = new TarLayout();
  const failed = failureOf(reader);
  const feeding = feed(reader, archive, layout).catch((error: unknown) => void reader.destroy(asError(error)));
  try {
    for await (const source of reader) {
      const { header, offset } = source;
      const entry = { ...checked(header), content: contentOf(source as Bytes, failed) };
      yield { ...entry, headers: layout.enter(offset, header) };
    }
    layout.finish();
  } catch (error) {
    throw translated(error);
  } finally {
    reader.destroy();
    await feeding;
  }
}

/** The content of an entry. When the reader fails, it ends without a reason of its own. */
async function* contentOf(source: Bytes, failed: Promise<unknown>): Bytes {
  try {
    yield* source;
  } catch (error) {
    throw translated((await failed) ?? error);
  }
}

type Reader = ReturnType<typeof extract>;

/** Resolves when the reader has ended, to its error if there is one. */
function failureOf(reader: Reader): Promise<unknown> {
  let failure: unknown;
  reader.on('error', (error) => {
    failure = error;
  });
  return new Promise((resolve) => reader.on('close', () => resolve(failure)));
}

async function feed(reader: Reader, archive: Bytes, layout: TarLayout): Promise<void> {
  for await (const chunk of archive) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      layout.feed(piece);
      if (reader.destroying) return;
      if (!reader.write(piece)) await drained(reader);
    }
  }
  reader.end(undefined);
}

/** @throws ArtifactError for an entry that no file system could hold */
function checked({ name, type, mode, size, linkname }: Header): Omit<Entry, 'headers' | 'content'> {
  const link = linkname ?? '';
  const shown = name.slice(0, 100);
  if (name === '' || name.length > MAX_PATH || name.includes('\0')) throw broken('an entry has no valid name');
  if (link.length > MAX_PATH || link.includes('\0')) throw broken(`the link "${shown}" leads nowhere`);
  if (!Number.isSafeInteger(size) || size < 0) throw broken(`"${shown}" has a size that is negative or too large`);
  if (type !== 'file' && size !== 0) throw broken(`"${shown}" is not a file but has content`);
  return { name, type: type ?? undefined, mode: mode & 0o777, size, link: type === 'symlink' ? link : '' };
}

function translated(error: unknown): unknown {
  const meaning = error instanceof Error ? MEANINGS[error.message] : undefined;
  return meaning === undefined ? error : broken(meaning);
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));
