import { Optional } from '@marcbachmann/cel-js';
import { utf8Length } from '../../json/index.ts';
import type { Json } from './scope.ts';

/** Levels of lists and objects that a value may have, going in and coming out. */
export const MAX_DEPTH = 64;
/** Bytes of JSON that the result of an expression may have. */
export const MAX_RESULT_BYTES = 256 * 1024;

/** JSON as cel-js sees it: whole numbers are BigInt (CEL int), objects are Maps, so that no key means a prototype. */
export type CelValue = null | boolean | bigint | number | string | CelValue[] | Map<string, CelValue>;

export interface ToCelOptions {
  /** Take whole numbers as doubles: what is declared as a Number is one, also when its value is 2. */
  readonly wholeNumbersAreDoubles?: boolean;
}

/**
 * JSON to a CEL value. A number that is whole and exact (|n| < 2^53) is an int, any other a double.
 * @throws RangeError when nested deeper than MAX_DEPTH
 */
export function toCel(json: Json, options: ToCelOptions = {}, depth = 0): CelValue {
  if (typeof json === 'number') {
    return Number.isSafeInteger(json) && options.wholeNumbersAreDoubles !== true ? BigInt(json) : json;
  }
  if (json === null || typeof json !== 'object') return json;
  if (depth >= MAX_DEPTH) throw new RangeError(`a value is nested more than ${MAX_DEPTH} levels deep`);
  if (Array.isArray(json)) return json.map((element) => toCel(element, options, depth + 1));
  const map = new Map<string, CelValue>();
  for (const key of Object.keys(json)) map.set(key, toCel(json[key] as Json, options, depth + 1));
  return map;
}

/**
 * The result of an expression as JSON. Timestamps and durations become their texts, an empty optional null.
 * @throws RangeError when the value has no JSON (NaN, bytes, a type), is inexact, too deep or too large
 */
export function fromCel(value: unknown): Json {
  return new Writer().write(value, 0);
}

class Writer {
  #bytes = 0;

  write(value: unknown, depth: number): Json {
    this.#spend(1);
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'boolean':
        this.#spend(4);
        return value;
      case 'bigint':
        return this.#number(value, Number.isSafeInteger(Number(value)));
      case 'number':
        return this.#number(value, Number.isFinite(value));
      case 'object':
        return value === null ? null : this.#composite(value, depth);
      default:
        throw new RangeError(`the result is a ${typeof value}, which JSON cannot hold`);
    }
  }

  #composite(value: object, depth: number): Json {
    if (value instanceof Optional) return value.hasValue() ? this.write(value.value(), depth) : null;
    if (depth >= MAX_DEPTH) throw new RangeError(`the result is nested more than ${MAX_DEPTH} levels deep`);
    if (Array.isArray(value)) return value.map((element) => this.write(element, depth + 1));
    if (value instanceof Map) return this.#object(value.entries(), depth);
    if (value.constructor === Object) return this.#object(Object.entries(value), depth);
    return this.#scalarObject(value);
  }

  #object(entries: Iterable<[unknown, unknown]>, depth: number): Json {
    const fields: [string, Json][] = [];
    for (const [key, element] of entries) fields.push([this.#text(String(key)), this.write(element, depth + 1)]);
    return Object.fromEntries(fields);
  }

  #scalarObject(value: object): Json {
    const text = celText(value);
    if (text !== undefined) return this.#text(text);
    const plain: unknown = value.valueOf();
    if (typeof plain === 'bigint') return this.write(plain, 0);
    if (!(value instanceof Uint8Array)) throw new RangeError('the result contains a type, which JSON cannot hold');
    throw new RangeError('JSON cannot hold bytes; turn them into text with .string() or .base64()');
  }

  #number(value: number | bigint, exact: boolean): number {
    if (!exact) throw new RangeError(`the result contains the number ${value}, which JSON cannot hold exactly`);
    this.#spend(8);
    // JSON has one zero.
    return Number(value) || 0;
  }

  #text(value: string): string {
    // Checked before the escaped copy is made: the text may be far too long for one.
    if (value.length > MAX_RESULT_BYTES) this.#spend(value.length);
    this.#spend(utf8Length(JSON.stringify(value)));
    return value;
  }

  #spend(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_RESULT_BYTES) {
      throw new RangeError(`the result is larger than ${MAX_RESULT_BYTES} bytes of JSON; select less of it`);
    }
  }
}

/** The text of a CEL timestamp (RFC 3339) or duration (seconds, as in "90s"). */
function celText(value: object): string | undefined {
  if ('toISOString' in value && typeof value.toISOString === 'function') return String(value.toISOString());
  if ('nanos' in value && 'seconds' in value) return String(value);
  return undefined;
}
