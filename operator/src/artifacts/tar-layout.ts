import { ArtifactError } from './store.ts';

export const BLOCK = 512;
/** Longest extended header, bytes. */
const MAX_EXTENDED = 64 * 1024;
/** What the reader may have been fed beyond the entry that it is at. */
const LOOKAHEAD = 128 * 1024;
const ZEROS = Buffer.alloc(64 * 1024);

interface Sized {
  readonly name: string;
  readonly size: number;
  readonly pax?: unknown;
}

/**
 * Where the entries of an archive lie. `tar-stream` shows entries and nothing between them: it ignores extended headers
 * that it cannot read, has them up to 4 MiB long and any number of them, and takes an archive without an end for whole.
 * Offsets of entries tell all of that.
 */
export class TarLayout {
  /** Bytes fed so far, and how many of the last ones are zero. */
  #fed = 0;
  #zeros = 0;
  /** Where the last entry ends. */
  #end = 0;

  /** Notes bytes before the reader gets them. @throws ArtifactError for headers without end */
  feed(piece: Uint8Array): void {
    this.#fed += piece.length;
    const zeros = this.#fed <= this.#end ? 0 : trailingZeros(piece);
    this.#zeros = zeros === piece.length ? this.#zeros + zeros : zeros;
    if (this.#fed - this.#zeros - this.#end > MAX_EXTENDED + LOOKAHEAD) throw tooLong();
  }

  /**
   * Notes an entry whose header is at `offset`. Returns the number of headers that it has.
   * @throws ArtifactError when anything but one well-formed extended header comes before it
   */
  enter(offset: number, { name, size, pax }: Sized): number {
    const before = offset - this.#end;
    this.#end = offset + BLOCK + padded(size);
    if (before > MAX_EXTENDED + 2 * BLOCK) throw tooLong();
    const records = (pax ?? {}) as Readonly<Record<string, string>>;
    const length = Object.entries(records).reduce((sum, [key, value]) => sum + recordLength(key, value), 0);
    if (before !== (pax ? BLOCK + padded(length) : 0)) {
      throw broken(`"${name.slice(0, 100)}" has an extended header that cannot be read`);
    }
    if (records.size !== undefined && !/^\d{1,15}$/.test(records.size)) {
      throw broken(`"${name.slice(0, 100)}" has the size "${records.size.slice(0, 40)}" in its extended header`);
    }
    return pax ? 2 : 1;
  }

  /** @throws ArtifactError unless the archive has an end, and nothing but that after its last entry */
  finish(): void {
    const after = this.#fed - this.#end;
    if (after < BLOCK || this.#zeros < after) throw broken('it ends in the middle');
  }
}

/** Bytes of a record `<length> <key>=<value>\n`, whose length counts its own digits. */
function recordLength(key: string, value: string): number {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const guess = rest + String(rest).length;
  return rest + String(guess).length;
}

function trailingZeros(piece: Uint8Array): number {
  if (ZEROS.subarray(0, piece.length).equals(piece)) return piece.length;
  let zeros = 0;
  while (piece[piece.length - 1 - zeros] === 0) zeros++;
  return zeros;
}

const padded = (size: number) => Math.ceil(size / BLOCK) * BLOCK;

export const broken = (what: string) => new ArtifactError(`the archive is broken: ${what}`);

const tooLong = () => broken('an extended header is too long');
