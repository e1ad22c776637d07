import { ConnectionError } from './errors.ts';

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines. Bytes are joined before they are decoded, so a character or a JSON text that was
 * split between chunks comes out whole; the bytes after the last newline are never returned.
 */
export class LineSplitter {
  private readonly maxBytes: number;
  private parts: Buffer[] = [];
  private size = 0;

  /** `maxBytes` bounds one line. */
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes held back until their line is complete. A stream that ends with some was cut. */
  get pending(): number {
    return this.size;
  }

  /** The lines that this chunk completes, without empty ones. @throws ConnectionError when a line is too long. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.size > 0 ? this.join(chunk, start, end) : chunk.toString('utf8', start, end);
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < chunk.length) this.hold(start === 0 ? chunk : chunk.subarray(start));
  }

  private join(chunk: Buffer, start: number, end: number): string {
    this.hold(chunk.subarray(start, end));
    const line = Buffer.concat(this.parts, this.size).toString('utf8');
    this.parts = [];
    this.size = 0;
    return line;
  }

  private hold(part: Buffer): void {
    this.size += part.length;
    if (this.size > this.maxBytes) {
      throw new ConnectionError('LineTooLong', `a watch event is larger than ${this.maxBytes} bytes`, true);
    }
    this.parts.push(part);
  }
}
