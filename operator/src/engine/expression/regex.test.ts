import { describe, expect, it } from 'vitest';
import { linearMatches, MAX_PATTERN, patternFault, patternSize } from './regex.ts';

describe('matches', () => {
  it('finds a pattern anywhere, as CEL says', () => {
    expect(linearMatches('v1.2', '[0-9]+')).toBe(true);
    expect(linearMatches('v1.2', '^[0-9]+')).toBe(false);
  });

  it('is quick on the pattern that stops a backtracking engine', () => {
    // A backtracking engine needs 2^200 steps here and never ends: the timeout of the test is the assertion.
    expect(linearMatches(`${'a'.repeat(200)}!`, '(a+)+$')).toBe(false);
  });

  it('names an invalid pattern', () => {
    expect(patternFault('(')).toContain('missing closing )');
    expect(() => linearMatches('a', '(?=a)')).toThrow('invalid pattern');
  });

  it('refuses patterns that are too long or compile to too much', () => {
    expect(patternFault('a'.repeat(MAX_PATTERN + 1))).toContain('256 characters');
    expect(patternFault('(.{1000})?'.repeat(20))).toContain('fewer repetitions');
    expect(patternSize('.{1000}')).toBeGreaterThan(900);
  });
});
