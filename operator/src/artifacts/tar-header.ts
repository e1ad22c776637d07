import { ArtifactError } from './store.ts';

/** What an archive says of one entry. */
export interface Header {
  name: string;
  type: string;
  mode: number;
  size: number;
  link: string;
}

/** Longer than any path that Linux takes. */
const MAX_PATH = 4096;

/** @throws ArtifactError for a header with another checksum, or with a number that is none */
export function headerOf(block: Buffer): Header {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (numberIn(block, 148, 8) !== sum) throw broken('a header has another checksum');
  return {
    name: text(block, 0, 100),
    type: String.fromCharCode(block[156] ?? 0),
    mode: numberIn(block, 100, 8) & 0o777,
    size: numberIn(block, 124, 12),
    link: text(block, 157, 100),
  };
}

/** @throws ArtifactError for an entry that no file system could hold */
export function checked(header: Header): Header {
  const { name, link, size, type } = header;
  if (name === '' || name.length > MAX_PATH || name.includes('\0')) throw broken('an entry has a name that is none');
  if (link.length > MAX_PATH || link.includes('\0')) throw broken(`the link "${name.slice(0, 100)}" leads nowhere`);
  if ((type === '5' || type === '2') && size !== 0) throw broken(`"${name.slice(0, 100)}" is no file and has bytes`);
  return header;
}

/** What an extended header says of the entry after it. @throws ArtifactError for records that are broken */
export function recordsOf(body: Buffer): Partial<Header> {
  const found: Partial<Header> = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    const end = at + Number(digits);
    const isWhole = /^[1-9]\d{0,6}$/.test(digits) && end <= body.length && end > space + 1 && body[end - 1] === 10;
    if (!isWhole) throw broken('a record');
    const [key, ...value] = body.toString('utf8', space + 1, end - 1).split('=');
    record(found, key, value.join('='));
    at = end;
  }
  return found;
}

function record(found: Partial<Header>, key: string | undefined, value: string): void {
  if (key === 'path') found.name = value;
  if (key === 'linkpath') found.link = value;
  if (key !== 'size') return;
  if (!/^\d{1,15}$/.test(value)) throw broken(`a size is "${value.slice(0, 40)}"`);
  found.size = Number(value);
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString();
}

/** Octal digits; or, with the first bit set, a number in binary. Negative ones and those that are not exact are broken. */
function numberIn(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if (first >= 0x80) return binary(block.subarray(at, at + length));
  const digits = text(block, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw broken(`a number is "${digits}"`);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function binary(field: Buffer): number {
  const bytes = [(field[0] ?? 0) & 0x7f, ...field.subarray(1)];
  const value = bytes.reduce((all, byte) => all * 256 + byte, 0);
  if (!Number.isSafeInteger(value)) throw broken('a number is negative, or too large');
  return value;
}

export const broken = (what: string) => new ArtifactError(`the archive is broken: ${what}`);
