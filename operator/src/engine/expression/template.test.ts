import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindings, scope } from './samples.ts';
import { checkTemplate, hasTemplate, renderTemplate, textOf } from './template.ts';

const problems = (text: string) =>
  checkTemplate(text, scope).map(({ line, column, message }) => [line, column, message]);

describe('templates', () => {
  it('keep the type of an expression that stands alone', () => {
    expect(renderTemplate('${{ params.count }}', bindings)).toBe(3);
    expect(renderTemplate('${{params.tags}}', bindings)).toEqual(['a', 'b']);
    expect(renderTemplate('${{ null }}', bindings)).toBeNull();
  });

  it('become text around an expression', () => {
    expect(renderTemplate('v=${{ params.count }}', bindings)).toBe('v=3');
    expect(renderTemplate(' ${{ params.count }}', bindings)).toBe(' 3');
    expect(renderTemplate('[${{ null }}] ${{ params.conf }} ${{ true }}', bindings)).toBe(
      '[] {"a":1,"b":{"c":[1.5,2]}} true',
    );
    expect(renderTemplate('${{ params.version }}${{ params.flag }}', bindings)).toBe('v1.2true');
  });

  it('follow strings, braces and comments inside an expression', () => {
    expect(renderTemplate("${{ 'a}}b' }}", bindings)).toBe('a}}b');
    expect(renderTemplate('${{ "\\"}}" }}!', bindings)).toBe('"}}!');
    expect(renderTemplate("${{ {'a': {'b': 1}} }}", bindings)).toEqual({ a: { b: 1 } });
    expect(renderTemplate("${{ '''it's }} here''' }}", bindings)).toBe("it's }} here");
    expect(renderTemplate("x${{ 1 // it's one\n + 1 }}", bindings)).toBe('x2');
    expect(renderTemplate("x${{ 1 // it's one }}y", bindings)).toBe('x1y');
  });

  it('hold the characters themselves when escaped', () => {
    expect(renderTemplate('a $${{ x }} b', bindings)).toBe('a ${{ x }} b');
    expect(renderTemplate('$$${{ x', bindings)).toBe('$${{ x');
    expect(renderTemplate('$${{ ${{ params.count }}', bindings)).toBe('${{ 3');
    expect(renderTemplate('${{ params.count }}$${{', bindings)).toBe('3${{');
  });

  it('are told from text', () => {
    expect([hasTemplate('echo ${{ x }}'), hasTemplate('${{'), hasTemplate('${{ "')]).toEqual([true, true, true]);
    expect([hasTemplate('echo ${X} $((1))'), hasTemplate('$${{ x }}'), hasTemplate('')]).toEqual([false, false, false]);
  });

  it('have their problems placed in the text', () => {
    expect(problems('ok ${{ params.count }}')).toEqual([]);
    expect(problems('one\ntwo ${{ params.flag }} ${{ 1 +\n params.verson }}')).toEqual([
      [3, 9, expect.stringContaining('did you mean "version"?')],
    ]);
    expect(problems('${{ 1 + }} ${{ }}')).toEqual([
      [1, 9, expect.stringContaining('end of the expression')],
      [1, 15, 'the expression is empty'],
    ]);
    expect(problems('ab ${{ params.count')).toEqual([[1, 4, expect.stringContaining('not closed by "}}"')]]);
    expect(problems("ab ${{ 'x }}")).toEqual([[1, 8, 'the string is not closed']]);
    expect(problems('${{ a } }}')).toEqual([[1, 7, expect.stringContaining('is unmatched')]]);
    expect(problems('${{1}}'.repeat(65))).toEqual([[1, 385, expect.stringContaining('at most 64 expressions')]]);
  });

  it('fail when an expression has no value', () => {
    expect(() => renderTemplate('x ${{ tasks.build.outputs.nope }}', bindings)).toThrow('has no output "nope"');
    expect(() => renderTemplate('x ${{ 1', bindings)).toThrow('not closed');
  });

  it('are bounded in what they render to', () => {
    const big = { ...bindings, params: { v: 'x'.repeat(200_000) } };
    expect(() => renderTemplate('${{ params.v }}${{ params.v }}', big)).toThrow('larger than');
  });

  it('render text without expressions to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('${{'));
        expect(renderTemplate(text, bindings)).toBe(text);
      }),
    );
  });

  it('render values inside text to themselves', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
        fc.pre(!`${before}${after}`.includes('${{') && !before.endsWith('$'));
        const own = { ...bindings, params: { v: value } };
        expect(renderTemplate(`${before}\${{ params.v }}${after}`, own)).toBe(`${before}${value}${after}`);
      }),
    );
  });

  it('are checked without throwing, whatever they are', () => {
    const pieces = fc.constantFrom(
      '${{',
      '}}',
      '$',
      '{',
      '}',
      '"',
      "'",
      "'''",
      '\\',
      '//',
      '\n',
      'params.flag',
      '1',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (words) => {
        const text = words.join('');
        for (const problem of checkTemplate(text, scope)) expect(problem.column).toBeGreaterThan(0);
        expect(checkTemplate(text, scope).length === 0 || hasTemplate(text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('turn values to text as environments and arguments hold them', () => {
    expect([textOf(null), textOf('a'), textOf(1.5), textOf([1])]).toEqual(['', 'a', '1.5', '[1]']);
  });
});
