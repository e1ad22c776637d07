import type { Json, ParameterType } from '../api/index.ts';

/** Either the value in the wanted type, or why it does not fit. */
export type Coerced = { value: Json } | { problem: string };

/** A Secret and a key in it, by the names that Kubernetes allows. */
const SECRET_REFERENCE = /^([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)\/([-._a-zA-Z0-9]{1,253})$/;

/** A type as sentences have it. */
export const article = (type: ParameterType) => (/^[AIO]/.test(type) ? `an ${type}` : `a ${type}`);
const isObject = (value: Json) => value !== null && typeof value === 'object' && !Array.isArray(value);

function parsed(text: string, fits: (value: Json) => boolean): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const FITS: Record<ParameterType, (value: Json) => boolean> = {
  String: (value) => typeof value === 'string',
  Integer: (value) => Number.isSafeInteger(value),
  Number: (value) => typeof value === 'number' && Number.isFinite(value),
  Boolean: (value) => typeof value === 'boolean',
  List: (value) => Array.isArray(value),
  Object: isObject,
  Secret: (value) => typeof value === 'string' && SECRET_REFERENCE.test(value),
};

/** What a value of the type Secret refers to. */
export function secretOf(value: Json | undefined): { name: string; key: string } | undefined {
  const [, name, key] = SECRET_REFERENCE.exec(typeof value === 'string' ? value : '') ?? [];
  return name === undefined || key === undefined ? undefined : { name, key };
}

function fromText(text: string, type: ParameterType): Json | undefined {
  if (type === 'String') return text;
  if (type === 'Secret') return undefined;
  return parsed(text.trim(), FITS[type]);
}

/**
 * A value in the declared type. Text is read as that type (JSON for all but String), a value of another JSON type is
 * taken only if it fits as it is, except that a String takes numbers and booleans as their text.
 */
export function coerce(value: Json, type: ParameterType): Coerced {
  if (FITS[type](value)) return { value };
  if (type === 'String' && (typeof value === 'number' || typeof value === 'boolean')) return { value: String(value) };
  const read = typeof value === 'string' ? fromText(value, type) : undefined;
  if (read !== undefined) return { value: read };
  const shown = JSON.stringify(value).slice(0, 100);
  if (type === 'Secret') return { problem: `${shown} refers to no Secret; write its name and a key: db/password` };
  return { problem: `${shown} is not ${article(type)}` };
}
