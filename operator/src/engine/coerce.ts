import type { Json, ValueType } from '../api/index.ts';

/** Either the value in the wanted type, or why it does not fit. */
export type Coerced = { value: Json } | { problem: string };

const article = (type: ValueType) => (/^[AIO]/.test(type) ? `an ${type}` : `a ${type}`);
const isObject = (value: Json) => value !== null && typeof value === 'object' && !Array.isArray(value);

function parsed(text: string, fits: (value: Json) => boolean): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const FITS: Record<ValueType, (value: Json) => boolean> = {
  String: (value) => typeof value === 'string',
  Integer: (value) => Number.isSafeInteger(value),
  Number: (value) => typeof value === 'number' && Number.isFinite(value),
  Boolean: (value) => typeof value === 'boolean',
  List: (value) => Array.isArray(value),
  Object: isObject,
};

function fromText(text: string, type: ValueType): Json | undefined {
  if (type === 'String') return text;
  return parsed(text.trim(), FITS[type]);
}

/**
 * A value in the declared type. Text is read as that type (JSON for all but String), a value of another JSON type is
 * taken only if it fits as it is, except that a String takes numbers and booleans as their text.
 */
export function coerce(value: Json, type: ValueType): Coerced {
  if (FITS[type](value)) return { value };
  if (type === 'String' && (typeof value === 'number' || typeof value === 'boolean')) return { value: String(value) };
  const read = typeof value === 'string' ? fromText(value, type) : undefined;
  if (read !== undefined) return { value: read };
  return { problem: `${JSON.stringify(value).slice(0, 100)} is not ${article(type)}` };
}
