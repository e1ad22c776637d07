import { describe, expect, it } from 'vitest';
import { artifactKey, manifestKey, publishedIn, runUidOf } from './keys.ts';

const at = (path: string, attempt: number) => manifestKey({ namespace: 'shop', runUid: 'u', path, attempt });

describe('keys', () => {
  it('belong to one attempt of one run', () => {
    expect(artifactKey({ namespace: 'shop', runUid: 'u', path: 'ship/build[2]', attempt: 3 }, 'binary')).toBe(
      'shop/u/ship/build[2]/3/binary',
    );
    expect(runUidOf(at('ship/build', 1))).toBe('u');
  });

  it('tell the last attempt of a task, and nothing of tasks whose names only begin alike', () => {
    const keys = [at('build', 2), at('build', 10), at('builder', 11), at('build/deep', 12), 'shop/u/build/11/out'];
    expect(publishedIn(keys, 'shop/u/build')).toMatchObject([{ key: at('build', 10), attempt: 10 }]);
  });

  it('tell the last iteration of a loop before its attempts', () => {
    const keys = [at('poll/2', 1), at('poll/10', 1), at('poll/9', 3)];
    expect(publishedIn(keys, 'shop/u/poll')).toMatchObject([{ iteration: 10, attempt: 1 }]);
  });

  it('tell every item of a fan-out, in the order of the items', () => {
    const keys = [at('test[10]', 1), at('test[2]', 1), at('test[2]', 2)];
    expect(publishedIn(keys, 'shop/u/test').map(({ item, attempt }) => [item, attempt])).toEqual([
      [2, 2],
      [10, 1],
    ]);
  });
});
