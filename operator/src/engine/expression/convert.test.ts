import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromCel, MAX_DEPTH, MAX_RESULT_BYTES, toCel } from './convert.ts';
import type { Json } from './scope.ts';

/** JSON has one zero, and reads back what it wrote. */
const normal = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

describe('conversion between JSON and CEL', () => {
  it('gives back every JSON value unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const json = normal(value);
        expect(fromCel(toCel(json))).toEqual(json);
      }),
    );
  });

  it('makes ints of whole numbers and doubles of the rest', () => {
    expect(toCel(2)).toBe(2n);
    expect(toCel(2.5)).toBe(2.5);
    expect(toCel(2 ** 53)).toBe(2 ** 53);
  });

  it('keeps a whole number a double where a Number was declared', () => {
    expect(toCel(2, { wholeNumbersAreDoubles: true })).toBe(2);
  });

  it('holds keys that mean something to JavaScript', () => {
    const json = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "toString": 3}') as Json;
    expect(JSON.stringify(fromCel(toCel(json)))).toBe(JSON.stringify(json));
  });

  it('refuses what JSON cannot hold', () => {
    expect(() => fromCel(2n ** 60n)).toThrow('1152921504606846976, which JSON cannot hold exactly');
    expect(() => fromCel(Number.NaN)).toThrow('NaN');
    expect(() => fromCel(new Uint8Array(1))).toThrow('.base64()');
    expect(() => fromCel(undefined)).toThrow('undefined');
  });

  it('refuses values that are nested too deeply, in either direction', () => {
    let deep: Json = 1;
    for (let i = 0; i <= MAX_DEPTH; i++) deep = [deep];
    expect(() => toCel(deep)).toThrow('nested');
    expect(() => fromCel(deep)).toThrow('nested');
  });

  it('refuses results above the limit, also when one value is shared a thousand times', () => {
    const text = 'x'.repeat(1024);
    expect(() => fromCel(Array.from({ length: 300 }, () => text))).toThrow(String(MAX_RESULT_BYTES));
    expect(() => fromCel('x'.repeat(MAX_RESULT_BYTES))).toThrow(String(MAX_RESULT_BYTES));
  });
});
