import { describe, expect, it } from 'vitest';
import type { Json, ParameterType } from '../../api/index.ts';
import { coerce, coerceResult, secretOf } from './coerce.ts';

const FITS: [ParameterType, Json, Json][] = [
  ['String', 'x', 'x'],
  ['String', '1.10', '1.10'],
  ['String', '007', '007'],
  ['String', 'no', 'no'],
  ['String', '1234567890123456789', '1234567890123456789'],
  ['Number', '1e30', 1e30],
  ['Number', '100000000000000000', 1e17],
  ['List', '[1234567890123456789, 1.5]', ['1234567890123456789', 1.5]],
  ['Object', '{"id": -1234567890123456789}', { id: '-1234567890123456789' }],
  ['Integer', '42', 42],
  ['Integer', -1, -1],
  ['Number', '0.5', 0.5],
  ['Number', 3, 3],
  ['Boolean', 'false', false],
  ['Boolean', true, true],
  ['List', '[1]', [1]],
  ['List', [], []],
  ['Object', '{"a": null}', { a: null }],
  ['Object', {}, {}],
  ['Secret', 'db/password', 'db/password'],
];
const MISFITS: [ParameterType, Json][] = [
  ['String', 1.1],
  ['String', 7],
  ['String', false],
  ['Integer', '1234567890123456789'],
  ['Integer', '1e400'],
  ['Number', '1234567890123456789'],
  ['Number', '1e400'],
  ['Number', '"12"'],
  ['String', null],
  ['String', []],
  ['String', {}],
  ['Integer', '1.5'],
  ['Integer', 'x'],
  ['Integer', ''],
  ['Number', 'NaN'],
  ['Number', true],
  ['Boolean', 1],
  ['Boolean', 'yes'],
  ['List', {}],
  ['List', '{}'],
  ['Object', null],
  ['Object', []],
  ['Object', '[]'],
  ['Object', 'null'],
  ['Secret', 'password'],
  ['Secret', 7],
];

describe('a value that is coerced', () => {
  it.each(FITS)('to %s: %j becomes %j', (type, value, coerced) =>
    expect(coerce(value, type)).toEqual({ value: coerced }),
  );

  it.each(MISFITS)('to %s: %j is refused, and named', (type, value) => {
    const { problem } = coerce(value, type) as { problem: string };
    expect(problem).toContain(typeof value === 'string' ? value.replaceAll('"', '') : JSON.stringify(value));
  });

  it.each<[ParameterType, Json]>([
    ['Integer', 2 ** 60],
    ['Number', 2 ** 60],
    ['List', [1, 2 ** 60]],
    ['Object', { a: { b: -(2 ** 60) } }],
  ])('to %s: %j is refused, for it may have been another number', (type, value) => {
    expect(coerce(value, type)).toEqual({
      problem: expect.stringMatching(/^about -?\d+ is beyond ±9007199254740991.*quote it$/),
    });
  });

  it.each([
    [1.1, 'quote it: "1.1"'],
    [false, 'quote it: "false"'],
  ])('to String: %j was spelled in a way that nobody knows any more', (value, remedy) => {
    expect(coerce(value, 'String')).toEqual({ problem: expect.stringContaining(remedy) });
  });

  it.each<[Json, ParameterType, Json]>([
    [2, 'String', '2'],
    [true, 'String', 'true'],
    [1e30, 'Number', 1e30],
    ['2', 'Integer', 2],
  ])('and was computed, %j to %s, has no other spelling', (value, type, coerced) => {
    expect(coerceResult(value, type)).toEqual({ value: coerced });
  });

  it('refers to a Secret by its name and key', () => {
    expect(secretOf('db/pass.word')).toEqual({ name: 'db', key: 'pass.word' });
    for (const none of ['db', 'db/', '/key', 'a/b/c', 5, null, undefined]) expect(secretOf(none)).toBeUndefined();
  });
});
