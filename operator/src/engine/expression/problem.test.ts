import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { problemAt, sentence } from './problem.ts';

describe('the place of a problem', () => {
  it('is a line and a column, with a caret under it', () => {
    const problem = problemAt('a &&\n  foo', { message: 'm', offset: 7 });
    expect(problem).toEqual({ message: 'm', line: 2, column: 3, caret: '  foo\n  ^' });
  });

  it('keeps the tabs of the source, so that the caret stands where the eye expects it', () => {
    expect(problemAt('\t\tfoo', { message: 'm', offset: 2 }).caret).toBe('\t\tfoo\n\t\t^');
  });

  it('shows a part of a long line only', () => {
    const { caret } = problemAt('x'.repeat(4000), { message: 'm', offset: 2000 });
    expect(caret.length).toBeLessThan(200);
  });

  it('lies within the text for any text and offset', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: -5, max: 50 }), (text, offset) => {
        const { line, column } = problemAt(text, { message: 'm', offset });
        const lines = text.split('\n');
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
      }),
    );
  });

  it('fits into one line for a status', () => {
    expect(sentence('a +\n b', { message: 'bad', offset: 5 })).toBe('bad (line 2, column 2 of: a + b)');
  });
});
