import type { Json, ParameterType } from '../../api/index.ts';
import { findInexact, parseExact, WHOLE_LIMIT } from '../../json/index.ts';

/** Either the value in the wanted type, or why it does not fit. */
export type Coerced = { value: Json } | { problem: string };

/** A Secret and a key in it, by the names that Kubernetes allows. */
const SECRET_REFERENCE = /^([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)\/([-._a-zA-Z0-9]{1,253})$/;

/** A type as sentences have it. */
export const article = (type: ParameterType) => (/^[AIO]/.test(type) ? `an ${type}` : `a ${type}`);
const isObject = (value: Json) => value !== null && typeof value === 'object' && !Array.isArray(value);

function parsed(text: string): Json | undefined {
  try {
    return parseExact(text);
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

const WHOLE = /^-?\d+$/;

/** Texts that are read as a Number although they have more digits than are exact: those that a double holds all the same. */
const isHeldByDouble = (digits: string) => Number.isFinite(Number(digits)) && BigInt(Number(digits)) === BigInt(digits);

function fromText(text: string, type: ParameterType): Coerced | undefined {
  const value = parsed(text.trim());
  if (value === undefined) return undefined;
  if (FITS[type](value)) return { value };
  const isNumeric = type === 'Integer' || type === 'Number';
  // What is a number in the text and none here has more digits than a number keeps.
  if (!isNumeric || typeof value !== 'string' || text.trim().startsWith('"')) return undefined;
  if (type === 'Number' && WHOLE.test(value) && isHeldByDouble(value)) return { value: Number(value) };
  return { problem: beyond(value, 'make its type String, which keeps every digit') };
}

const beyond = (shown: string, remedy: string) =>
  `${shown.slice(0, 100)} is beyond ±${WHOLE_LIMIT}, up to which whole numbers are exact; ${remedy}`;

/** Why a whole number that came through the API server as JSON cannot be taken. It is shown rounded: nothing else is left. */
export const inexactness = (rounded: number): string => beyond(`about ${rounded}`, 'quote it');

/**
 * A value that somebody has written, in the declared type. Text is read as that type (JSON for all but String), in which
 * whole numbers that are not exact stay text; a value of another JSON type is taken only if it fits as it is. A String
 * that was written as a number or as true or false is refused: YAML has lost how it was spelled (1.10, 007, no).
 */
export function coerce(value: Json, type: ParameterType): Coerced {
  if (type === 'String' && (typeof value === 'number' || typeof value === 'boolean')) return unquoted(value);
  const inexact = findInexact(value);
  if (inexact !== undefined) return { problem: inexactness(inexact.value) };
  if (FITS[type](value)) return { value };
  const isRead = typeof value === 'string' && type !== 'String' && type !== 'Secret';
  return (isRead ? fromText(value, type) : undefined) ?? misfit(value, type);
}

function unquoted(value: number | boolean): Coerced {
  const problem = `${value} is a ${typeof value} but the type is String: YAML parsing loses the spelling (1.10, 007, no); quote it: "${value}"`;
  return { problem };
}

/** A String as earlier versions took it: numbers and booleans as their text. */
const asText = (value: Json, type: ParameterType): Coerced | undefined =>
  type === 'String' && (typeof value === 'number' || typeof value === 'boolean') ? { value: String(value) } : undefined;

/** A value that an expression has yielded, in the declared type: a String takes numbers and booleans as their text. */
export function coerceResult(value: Json, type: ParameterType): Coerced {
  return asText(value, type) ?? (FITS[type](value) ? { value } : coerce(value, type));
}

/**
 * A value of a definition that is pinned. What is judged now has no String that was given as a number; what an earlier
 * version has judged may have one, and its runs go on as they began.
 */
export const coercePinned = (value: Json, type: ParameterType): Coerced => asText(value, type) ?? coerce(value, type);

function misfit(value: Json, type: ParameterType): Coerced {
  const shown = JSON.stringify(value).slice(0, 100);
  if (type === 'Secret') return { problem: `${shown} is not a Secret reference; write name/key, like db/password` };
  return { problem: `${shown} is not ${article(type)}` };
}
