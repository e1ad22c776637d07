import { describe, expect, it } from 'vitest';
import { byLikeness, probablyMeant, suggestion } from './nearest.ts';

describe('nearest names', () => {
  it('come first', () => {
    expect(byLikeness('verson', ['region', 'count', 'version'])[0]).toBe('version');
  });

  it('are guessed only when they are near', () => {
    expect(probablyMeant('buld', ['build', 'test'])).toBe('build');
    expect(probablyMeant('deploy', ['build', 'test'])).toBeUndefined();
    expect(probablyMeant('x', [])).toBeUndefined();
  });

  it('make the end of a sentence, bounded in length', () => {
    const many = Array.from({ length: 200 }, (_, i) => `name${i}`);
    expect(suggestion('a', many, 'name')).toContain('and 190 more');
    expect(suggestion('a', [], 'parameter')).toBe('; there is no parameter');
    expect(suggestion('buld', ['build'], 'task')).toBe('; did you mean "build"? (known: build)');
  });
});
