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

/** Characters that one execution of a task hands on at most. */
const MAX_OUTPUTS = 4095;
/** What all items of a fan-out are assumed to hand on together: as much as the result of an expression may be. */
const ASSUMED_FAN_OUT = 256 * 1024;

/** What a task hands on, if its fields may be so large; of a fan-out, with so many items where that is known. */
export function handedOnSize(fields: Size, fannedOut: boolean, items = ASSUMED_ENTRIES): Size {
  if (!fannedOut) return capped(fields, MAX_OUTPUTS);
  const each = Math.min(MAX_OUTPUTS, Math.floor(ASSUMED_FAN_OUT / Math.max(1, items)));
  return listSize(items, capped(fields, each));
}

/** The same size where all of it together is no more than a limit. */
function capped({ own, total, element, fields }: Size, limit: number): Size {
  return {
    own: Math.min(own, limit),
    total: Math.min(total, limit),
    element: element && capped(element, limit),
    fields: fields && new Map([...fields].map(([name, size]) => [name, capped(size, limit)])),
  };
}
