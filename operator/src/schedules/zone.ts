import { epochOf } from '../api/index.ts';
import { BoundedMap } from '../bounds/index.ts';

/** A period in which the UTC offset of a zone is constant, and the last change of clocks before it. */
export interface Stretch {
  /** Milliseconds since 1970; the stretch begins at `start` and does not contain `end`. */
  readonly start: number;
  readonly end: number;
  /** Local time minus UTC, ms. */
  readonly offset: number;
  /** The change of clocks at its start, or less than two days before it: from the offset `before` to `offset`. */
  readonly change?: { readonly at: number; readonly before: number };
}

const DAY_MS = 86_400_000;
/** Stretches are computed in pieces of this length, day by day: no zone changes its clocks twice in a day. */
const PIECE_MS = 64 * DAY_MS;
const REMEMBERED_MS = 2 * DAY_MS;
const MAX_ZONES = 200;
const MAX_PIECES = 4_000;

const formats = new BoundedMap<Intl.DateTimeFormat>({ max: MAX_ZONES });
const pieces = new BoundedMap<readonly Stretch[]>({ max: MAX_PIECES });

/** Whether the time zone exists in the data of Node. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** The stretch that contains a time. @throws RangeError when there is no such zone */
export function stretchAt(zone: string, at: number): Stretch {
  const piece = Math.floor(at / PIECE_MS);
  const found = stretchesOf(zone, piece).find(({ end }) => at < end);
  if (!found) throw new RangeError(`no UTC offset of ${zone} is known at ${at}`);
  return found;
}

function stretchesOf(zone: string, piece: number): readonly Stretch[] {
  const key = `${zone} ${piece}`;
  const known = pieces.get(key);
  if (known) return known;
  const made = findStretches(zone, piece * PIECE_MS, (piece + 1) * PIECE_MS);
  pieces.set(key, made);
  return made;
}

function findStretches(zone: string, from: number, to: number): Stretch[] {
  const found: Stretch[] = [];
  let change: Stretch['change'];
  let start = from - REMEMBERED_MS;
  let offset = offsetAt(zone, start);
  const end = (at: number) => {
    const isRecent = change !== undefined && change.at > start - REMEMBERED_MS;
    const kept = isRecent && change ? { change } : {};
    if (at > from) found.push({ start: Math.max(start, from), end: at, offset, ...kept });
  };
  for (let day = start; day < to; day += DAY_MS) {
    const next = offsetAt(zone, day + DAY_MS);
    if (next === offset) continue;
    const at = changeBetween(zone, day, day + DAY_MS, offset);
    if (at >= to) break;
    end(at);
    change = { at, before: offset };
    start = at;
    offset = next;
  }
  end(to);
  return found;
}

/** The second in which the clocks change. */
function changeBetween(zone: string, from: number, to: number, before: number): number {
  let [low, high] = [from, to];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offsetAt(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function offsetAt(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second } = parts;
  return (epochOf(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) ?? at) - Math.floor(at / 1000) * 1000;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const two = '2-digit';
  const made = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: two, day: two, hour: two, minute: two, second: two },
  });
  formats.set(zone, made);
  return made;
}
