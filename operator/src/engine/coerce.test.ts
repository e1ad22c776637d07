import { describe, expect, it } from 'vitest';
import type { Json, ParameterType } from '../api/index.ts';
import { coerce, secretOf } from './coerce.ts';

const FITS: [ParameterType, Json, Json][] = [
  ['String', 'x', 'x'],
  ['String', 2, '2'],
  ['String', true, 'true'],
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
  ['String', null],
  ['String', []],
  ['String', {}],
  ['Integer', '1.5'],
  ['Integer', 'x'],
  ['Integer', ''],
  ['Integer', 2 ** 60],
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
    expect(problem).toContain(JSON.stringify(value).slice(0, 100));
  });

  it('refers to a Secret by its name and key', () => {
    expect(secretOf('db/pass.word')).toEqual({ name: 'db', key: 'pass.word' });
    for (const none of ['db', 'db/', '/key', 'a/b/c', 5, null, undefined]) expect(secretOf(none)).toBeUndefined();
  });
});
