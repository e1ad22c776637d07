import { encodeEvents } from '../api/index.ts';
import { digestText } from './digest.ts';

/** A tail of this many bytes is cut into a page at the next write. */
export const PAGE_BYTES = 8 * 1024;

export interface Journal {
  firstSeq: number;
  pages: number;
  tail: string;
}

/** A page to create before the status write that trims the tail. */
export interface Page {
  firstSeq: number;
  lastSeq: number;
  digest: string;
  events: string;
}

/**
 * The journal after new events, and the page to create first if the tail was long enough. A page holds only events of
 * the tail that is already persisted: whatever happens to the next write, the page says nothing that was not so.
 */
export function extendJournal(
  before: Journal | undefined,
  seq: number,
  encoded: readonly string[],
): { journal: Journal; page?: Page } {
  if (!before) return { journal: { firstSeq: 1, pages: 0, tail: encodeEvents(encoded) } };
  if (before.tail.length >= PAGE_BYTES) {
    const page = { firstSeq: before.firstSeq, lastSeq: seq, digest: digestText(before.tail), events: before.tail };
    return { journal: { firstSeq: seq + 1, pages: before.pages + 1, tail: encodeEvents(encoded) }, page };
  }
  if (encoded.length === 0) return { journal: before };
  const old = before.tail.slice(1, -1);
  const tail = encodeEvents(old === '' ? encoded : [old, ...encoded]);
  return { journal: { firstSeq: before.firstSeq, pages: before.pages, tail } };
}
