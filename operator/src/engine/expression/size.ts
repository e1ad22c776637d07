import type { CelValue } from './convert.ts';
import type { ScopeType } from './scope.ts';

/**
 * Upper bounds for a value, which the cost of an expression is computed from.
 * `own`: characters of a text, entries of a list or map; 1 for anything else.
 * `total`: characters and entries of all of it, at every level.
 * `element`: bounds for every element, value and key. `fields`: bounds for values by key, where they are known.
 */
export interface Size {
  readonly own: number;
  readonly total: number;
  readonly element?: Size | undefined;
  readonly fields?: ReadonlyMap<string, Size> | undefined;
}

export const UNIT: Size = { own: 1, total: 1 };

export function textSize(characters: number): Size {
  return { own: characters, total: characters };
}

export function listSize(count: number, element: Size): Size {
  return { own: count, total: count + count * element.total, element };
}

export function fieldsSize(fields: ReadonlyMap<string, Size>): Size {
  let element: Size | undefined;
  let total = fields.size;
  for (const [key, size] of fields) {
    element = join(element, join(size, textSize(key.length)));
    total += size.total + key.length;
  }
  return { own: fields.size, total, element, fields };
}

/** Bounds that hold for either value. */
export function join(a: Size | undefined, b: Size | undefined): Size {
  if (a === undefined || b === undefined) return a ?? b ?? UNIT;
  const element = a.element === undefined && b.element === undefined ? undefined : join(a.element, b.element);
  return { own: Math.max(a.own, b.own), total: Math.max(a.total, b.total), element };
}

/** The size of a value itself. Fields are told apart at the uppermost levels only: `named` of them. */
export function sizeOf(value: CelValue | undefined, named = 0): Size {
  if (typeof value === 'string') return textSize(value.length);
  if (Array.isArray(value)) return sizeOfList(value);
  if (value instanceof Map) return sizeOfMap(value, named);
  return UNIT;
}

function sizeOfList(list: readonly CelValue[]): Size {
  let element: Size | undefined;
  let total = list.length;
  for (const entry of list) {
    const size = sizeOf(entry);
    total += size.total;
    element = join(element, size);
  }
  return { own: list.length, total, element };
}

function sizeOfMap(map: ReadonlyMap<string, CelValue>, named: number): Size {
  const sizes = fieldsSize(new Map([...map].map(([key, value]) => [key, sizeOf(value, named - 1)])));
  return named > 0 ? sizes : { ...sizes, fields: undefined };
}

/** What a static check assumes of values that it cannot know: characters of a text, entries of a list or map. */
export const ASSUMED_TEXT = 256;
export const ASSUMED_ENTRIES = 100;

const record = listSize(8, textSize(32));
/** Any JSON: a list of records, say. */
export const ASSUMED_ANY: Size = listSize(ASSUMED_ENTRIES, record);

export function assumedSize(type: ScopeType): Size {
  switch (type) {
    case 'String':
      return textSize(ASSUMED_TEXT);
    case 'List':
    case 'Object':
    case 'Any':
      return ASSUMED_ANY;
    default:
      return UNIT;
  }
}
