import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditRecord, parseAuditLine } from './audit.ts';

const CHUNK = 1 << 20;

/** The audit log of a cluster as it grows. */
export class AuditLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Where the log ends now, to be given to `since` later. */
  mark(): number {
    return statSync(this.#path).size;
  }

  /** What was logged since a mark and fits. @throws Error when the log was rotated in between */
  since(mark: number, fits: (record: AuditRecord) => boolean = () => true): AuditRecord[] {
    const records: AuditRecord[] = [];
    for (const line of linesFrom(this.#path, mark)) {
      const record = parseAuditLine(line);
      if (record && fits(record)) records.push(record);
    }
    return records;
  }

  /**
   * Waits until a user has asked for nothing but leases and watches for `quietMs`.
   * @throws Error when it still asks after `timeoutMs`
   */
  async quiet(user: string, quietMs = 1500, timeoutMs = 180_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const mark = this.mark();
      await sleep(quietMs);
      const busy = this.since(mark, (record) => record.user === user && record.resource !== 'leases');
      if (busy.every(({ verb }) => verb === 'watch')) return;
      if (performance.now() > deadline) throw new Error(`${user} is still busy after ${timeoutMs / 1000} s`);
    }
  }
}

/** Whole lines from an offset on; a last line that is still being written is left out. */
function* linesFrom(path: string, offset: number): Generator<string> {
  const file = openSync(path, 'r');
  try {
    if (fstatSync(file).size < offset) throw new Error(`${path} was rotated during the measurement; run it again`);
    const buffer = Buffer.alloc(CHUNK);
    let rest = Buffer.alloc(0);
    for (let at = offset; ; ) {
      const read = readSync(file, buffer, 0, CHUNK, at);
      if (read === 0) return;
      at += read;
      const text = Buffer.concat([rest, buffer.subarray(0, read)]);
      const end = text.lastIndexOf(0x0a);
      rest = text.subarray(end + 1);
      if (end > 0) for (const line of text.subarray(0, end).toString('utf8').split('\n')) if (line !== '') yield line;
    }
  } finally {
    closeSync(file);
  }
}
