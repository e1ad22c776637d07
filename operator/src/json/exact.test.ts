import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExact, parseSpelled } from './index.ts';

describe('JSON from outside', () => {
  it.each([
    ['1234567890123456789', '1234567890123456789'],
    ['-1234567890123456789', '-1234567890123456789'],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['[1, {"id": 18446744073709551615}]', [1, { id: '18446744073709551615' }]],
    ['{"a": "9007199254740993", "9007199254740993": 1}', { a: '9007199254740993', '9007199254740993': 1 }],
    ['1e400', '1e400'],
    ['-1E+999', '-1E+999'],
    ['1e20', 1e20],
    ['0.1234567890123456789', 0.12345678901234568],
    ['12345678901234567.5', 12345678901234568],
    ['-0', -0],
    ['{"__proto__": 12345678901234567890}', JSON.parse('{"__proto__": "12345678901234567890"}')],
  ])('%s is read without another number in its place', (text, value) => {
    expect(parseExact(text)).toEqual(value);
    expect(parseSpelled(text).value).toEqual(value);
  });

  it('is what JSON.parse reads wherever that changes no whole number', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\d{16}/.test(text));
        expect(parseExact(text)).toEqual(JSON.parse(text));
        expect(parseSpelled(text).value).toEqual(JSON.parse(text));
      }),
    );
  });

  it('keeps the digits of every whole number, however long and deep', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(20), (whole, depth) => {
        const text = `${'[{"a":'.repeat(depth)}${whole}${'}]'.repeat(depth)}`;
        const [digits] = /-?\d+/.exec(JSON.stringify(parseExact(text))) ?? [];
        expect(digits).toBe(String(whole));
      }),
    );
  });

  it.each(['', '{', '01', '1.', 'undefined', '[9007199254740993'])('%j is no JSON', (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError);
    expect(() => parseSpelled(text)).toThrow(SyntaxError);
  });

  it('that is nested without end is an error and no crash', () => {
    const deep = `${'['.repeat(200_000)}9007199254740993${']'.repeat(200_000)}`;
    expect(() => parseExact(deep)).toThrow(RangeError);
  });
});

describe('the spelling of an object', () => {
  const spelled = (text: string) => Object.fromEntries(parseSpelled(text).texts);

  it('is that of its own numbers and words, and of none inside', () => {
    const text = '{"a": 1.10, "b": true, "c": 1E2, "d": "x", "e": [7.0], "f": {"a": 2.0}, "g": null}';
    expect(spelled(text)).toEqual({ a: '1.10', b: 'true', c: '1E2' });
  });

  it('is the last one of a key that is there twice', () => {
    expect(spelled('{"a": 1.10, "a": 2.20}')).toEqual({ a: '2.20' });
    expect(spelled('{"a": 1.10, "a": "x"}')).toEqual({});
  });

  it('is empty where there is no object', () => {
    for (const text of ['1.10', '[1.10]', 'null', '"x"']) expect(spelled(text)).toEqual({});
  });
});
