type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** JSON, and how the numbers and words of its outermost object were written: `1.10` is the number 1.1. */
export interface Spelled {
  readonly value: Json;
  /** By key: the text of each number, true and false. Empty where the JSON is no object. */
  readonly texts: ReadonlyMap<string, string>;
}

/** What a number that is not exact has: 16 digits in a row, or an exponent of three. */
const SUSPECT = /\d{16}|\d[eE]\+?\d{3}/;
const WHOLE = /^-?\d+$/;

/**
 * JSON with the whole numbers in it as they were written: one that is not exact as a number is the text of its digits.
 * @throws SyntaxError when the text is no JSON, RangeError when it is nested too deep
 */
export function parseExact(text: string): Json {
  if (!SUSPECT.test(text)) return JSON.parse(text) as Json;
  return reviving(text, (_holder, _key, value, source) => exact(value, source));
}

/**
 * The same, with the spelling of what stands in the outermost object.
 * @throws as parseExact does
 */
export function parseSpelled(text: string): Spelled {
  const texts = new WeakMap<object, Map<string, string>>();
  const value = reviving(text, (holder, key, read, source) => {
    if (typeof read === 'number' || typeof read === 'boolean') {
      const known = texts.get(holder) ?? new Map<string, string>();
      texts.set(holder, known.set(key, source ?? String(read)));
    }
    return exact(read, source);
  });
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  return { value, texts: (isObject ? texts.get(value) : undefined) ?? new Map() };
}

/** The engine hands the text of a number, true, false or a string to the reviver; TypeScript does not know it yet. */
type Reviver = (holder: object, key: string, value: Json, source: string | undefined) => Json;

function reviving(text: string, revive: Reviver): Json {
  const parse = JSON.parse as (
    text: string,
    reviver: (this: object, key: string, value: Json, context: { readonly source?: string }) => Json,
  ) => Json;
  return parse(text, function (this: object, key, value, context) {
    return revive(this, key, value, context.source);
  });
}

function exact(value: Json, source: string | undefined): Json {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return WHOLE.test(source) || !Number.isFinite(value) ? source : value;
}
