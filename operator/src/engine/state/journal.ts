import { encodeEvents } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import { digestOf, digestText } from '../values/digest.ts';

/** A tail of this many bytes is cut into a page at the next write. */
export const PAGE_BYTES = 8 * 1024;

/** Names a page by where it begins, and by all that it says. */
export interface PageMark {
  firstSeq: number;
  digest: string;
}

export interface Journal {
  firstSeq: number;
  pages: number;
  tail: string;
  /** The newest page, which names the one before it, and so on: none of them can change unnoticed. */
  newest?: PageMark | undefined;
}

/** A page to create before the status write that trims the tail. */
export interface Page {
  firstSeq: number;
  lastSeq: number;
  digest: string;
  events: string;
  /** Absent for the first one, and for the first that was cut since pages name one another. */
  previous?: PageMark | undefined;
}

/**
 * The first event of the page that will hold the events of the next write: known before they are decided, since a page is
 * cut between two writes.
 * @param seq how many events are stored
 */
export function nextPage(before: Journal | undefined, seq: number): number {
  if (!before) return 1;
  return utf8Length(before.tail) >= PAGE_BYTES ? seq + 1 : before.firstSeq;
}

/** Digest of a page and, through the page before it, of all earlier ones. Computed from the events, whatever is claimed. */
export function digestOfPage({ firstSeq, lastSeq, events, previous }: Omit<Page, 'digest'>): string {
  return digestOf({
    firstSeq,
    lastSeq,
    events: digestText(events),
    ...(previous ? { previous: markOf(previous) } : {}),
  });
}

/** Nothing but what a mark has. */
const markOf = ({ firstSeq, digest }: PageMark): PageMark => ({ firstSeq, digest });

/**
 * The journal after new events, and the page to create first if the tail was long enough. A page holds only events of
 * the tail that is already persisted: whatever happens to the next write, the page says nothing that was not so.
 */
export function extendJournal(
  before: Journal | undefined,
  seq: number,
  encoded: readonly string[],
): { journal: Journal; page?: Page } {
  const next = nextPage(before, seq);
  if (!before) return { journal: { firstSeq: next, pages: 0, tail: encodeEvents(encoded) } };
  if (next !== before.firstSeq) {
    const { firstSeq, tail: events, newest: previous } = before;
    const page = { firstSeq, lastSeq: seq, digest: digestText(events), events, ...(previous ? { previous } : {}) };
    const newest = { firstSeq, digest: digestOfPage(page) };
    return { journal: { firstSeq: next, pages: before.pages + 1, tail: encodeEvents(encoded), newest }, page };
  }
  if (encoded.length === 0) return { journal: before };
  const old = before.tail.slice(1, -1);
  const tail = encodeEvents(old === '' ? encoded : [old, ...encoded]);
  return { journal: { ...before, tail } };
}
