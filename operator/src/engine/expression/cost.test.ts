import { describe, expect, it } from 'vitest';
import { checkExpression } from './check.ts';
import { evaluate } from './evaluate.ts';
import { bindings, scope } from './samples.ts';
import type { Json } from './scope.ts';

const check = (source: string) =>
  checkExpression(source, scope)
    .map(({ message }) => message)
    .join('\n');
const withTags = (tags: Json) => ({ ...bindings, params: { ...bindings.params, tags } });

describe('the cost of an expression', () => {
  it('is bounded before any value is known', () => {
    expect(check('params.tags.map(a, params.tags.map(b, a == b))')).toBe('');
    expect(check('params.tags.map(a, params.tags.map(b, params.tags.map(c, a == c && b == c)))')).toContain('steps');
    expect(check('[1,2].map(a, [1,2].map(b, [1,2].map(c, a + b + c)))')).toBe('');
    expect(check('[1].map(a, [1].map(b, [1].map(c, [1].map(d, d))))')).toContain('more than 3 deep');
  });

  it('is bounded again by the true values', () => {
    const pairs = 'params.tags.filter(a, params.tags.exists(b, a == b + 1))';
    expect(evaluate(pairs, withTags([1, 2, 3]))).toEqual([2, 3]);
    const many = Array.from({ length: 2000 }, (_, i) => i);
    expect(() => evaluate(pairs, withTags(many))).toThrow('steps');
    expect(evaluate('params.tags.filter(a, a > 1997)', withTags(many))).toEqual([1998, 1999]);
  });

  it.each([
    ['a text that doubles at every step', '["aaaaaaaaaa"]', 'x + x', 'steps'],
    ['a list that doubles at every step', '[[1, 2]]', 'x + x', 'steps'],
    ['lists that share their parts', '[[1]]', '[x, x]', 'levels'],
    ['maps that share their parts', '[{"a": 1}]', '{"a": x, "b": x}', 'levels'],
  ])('refuses %s', (_, start, step, reason) => {
    const source = `size(${start}${`.map(x, ${step})`.repeat(40)})`;
    expect(check(source)).toContain(reason);
    expect(() => evaluate(source, bindings)).toThrow(reason);
  });

  it('counts what values read from outside share', () => {
    const wide = withTags(Array.from({ length: 9 }, (_, i) => `row ${i}`.padEnd(100)));
    const all = Array.from({ length: 9 }, () => 'x').join(',');
    expect(() => evaluate(`size(params.tags${`.map(x, [${all}])`.repeat(5)})`, wide)).toThrow('steps');
  });

  it('counts the work of patterns by the length of the text', () => {
    const slow = 'params.version.matches("(.{500})?$")';
    expect(check(slow)).toBe('');
    const long = { ...bindings, params: { ...bindings.params, version: 'x'.repeat(60_000) } };
    expect(() => evaluate(slow, long)).toThrow('steps');
    expect(evaluate('params.version.matches("^x+$")', long)).toBe(true);
  });

  it('counts comparisons of large values', () => {
    const rows = Array.from({ length: 1000 }, (_, i) => `row ${i}`.padEnd(200));
    expect(() => evaluate('params.tags.all(t, t in params.tags)', withTags(rows))).toThrow('steps');
    expect(evaluate('params.tags == params.tags', withTags(rows))).toBe(true);
  });

  it('lets ordinary work on large texts pass', () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `line ${i}`).join('\n');
    const long = { ...bindings, params: { ...bindings.params, version: lines } };
    expect(evaluate('params.version.split("\\n").filter(l, l.endsWith("99")).join(";").size()', long)).toBe(288);
  });
});
