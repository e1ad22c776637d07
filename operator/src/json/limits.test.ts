import { describe, expect, it } from 'vitest';
import { findInexact } from './index.ts';

describe('a whole number that may have changed', () => {
  it.each<[unknown, number, (string | number)[]]>([
    [2 ** 53, 2 ** 53, []],
    [{ a: [1, { b: -(2 ** 60) }] }, -(2 ** 60), ['a', 1, 'b']],
    [{ a: 1, b: [2 ** 54], c: 2 ** 55 }, 2 ** 54, ['b', 0]],
  ])('in %j is found, and where it is', (value, number, path) => {
    expect(findInexact(value)).toEqual({ value: number, path });
  });

  it.each([null, 'x', '9007199254740993', 2 ** 53 - 1, 1 - 2 ** 53, 0.5, { a: [true, null, 1.5] }])(
    'is not in %j',
    (value) => expect(findInexact(value)).toBeUndefined(),
  );

  it('is found however many values there are', () => {
    const many = Array.from({ length: 500_000 }, () => 1);
    expect(findInexact([many, 2 ** 53])?.path).toEqual([1]);
  });

  it('is found however deep it is', () => {
    let value: unknown = 2 ** 53;
    for (let depth = 0; depth < 100_000; depth++) value = [value];
    expect(findInexact(value)?.path).toHaveLength(100_000);
  });
});
