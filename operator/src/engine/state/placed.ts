import type { HistoryEvent, Outputs } from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';

/**
 * Where the outputs of a task lie that the state does not hold itself: in pages of the history of its run. Of a task with
 * `forEach`, those of its items.
 */
export interface Placed {
  /** Units whose outputs lie there. */
  readonly count: number;
  /** Bytes of all these outputs as JSON. */
  readonly bytes: number;
  /** The pages, each by the number of its first event, in order. */
  readonly pages: readonly number[];
}

/** As it stands in the encoded state: `[count, bytes, pages]`. */
export type WirePlaced = [count: number, bytes: number, pages: string];

/** Sizes by the value that they are of: each is serialised once, however many successes after it ask for the sum. */
const sizes = new WeakMap<object, number>();

/** Bytes of a value of a run as JSON; none of a value that is absent. Values of runs are replaced, never changed. */
export function bytesOf(value: object | undefined): number {
  if (value === undefined) return 0;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  const bytes = utf8Length(JSON.stringify(value));
  sizes.set(value, bytes);
  return bytes;
}

/** With the outputs of one more unit, which are in an event of this page. */
export function withPlaced(before: Placed | undefined, page: number, outputs: Outputs): Placed {
  const { count = 0, bytes = 0, pages = [] } = before ?? {};
  const isKnown = pages.at(-1) === page;
  return { count: count + 1, bytes: bytes + bytesOf(outputs), pages: isKnown ? pages : [...pages, page] };
}

/** The outputs in an event that the state holds by their place, by the path of each unit. */
export function placedBy(event: HistoryEvent): [path: string, outputs: Outputs][] {
  if (event.type === 'Succeeded' && event.page !== undefined) return [[event.path, event.outputs ?? {}]];
  if (event.type !== 'HandedOn' || event.page === undefined) return [];
  return Object.entries(event.outputs).map(([index, each]) => [
    index === '' ? event.path : `${event.path}[${index}]`,
    each,
  ]);
}

const RADIX = 36;

/** Pages are written as distances from one to the next: some three characters each, however long the history is. */
export function encodePlaced({ count, bytes, pages }: Placed): WirePlaced {
  let before = 0;
  const distances = pages.map((page) => {
    const distance = page - before;
    before = page;
    return distance.toString(RADIX);
  });
  return [count, bytes, distances.join(' ')];
}

export function decodePlaced([count, bytes, text]: WirePlaced): Placed {
  let page = 0;
  const pages = text.split(' ').map((distance) => {
    page += Number.parseInt(distance, RADIX);
    return page;
  });
  return { count, bytes, pages };
}
