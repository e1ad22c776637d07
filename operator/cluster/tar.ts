/** Writes reproducible tar archives (ustar): without times and owners, in the given order. Pure. */

export interface TarEntry {
  /** Path without a leading slash; a folder's ends with one. At most 100 bytes. */
  path: string;
  mode?: number;
  content?: Buffer;
  /** Target of a symbolic link. */
  link?: string;
}

const BLOCK = 512;

export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0);
    const padding = (BLOCK - (content.length % BLOCK)) % BLOCK;
    parts.push(header(entry, content.length), content, Buffer.alloc(padding));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new Error(`${entry.path} is too long for an archive`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
  block.write(entry.path, 0);
  octal(entry.mode ?? (entry.path.endsWith('/') ? 0o755 : 0o644), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148);
  block.write(typeFlag(entry), 156);
  block.write(entry.link ?? '', 157);
  block.write('ustar\x0000', 257);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

function typeFlag(entry: TarEntry): string {
  if (entry.link !== undefined) return '2';
  return entry.path.endsWith('/') ? '5' : '0';
}
