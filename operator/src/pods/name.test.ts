import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childRunName, podName } from './name.ts';

const UID = '6d1f7c52-0f6a-4f0e-9a53-0d0e6c5b7a11';

describe('the name of a pod', () => {
  it('consists of run, task and attempt, with a hash at the end', () => {
    expect(podName('release-7', UID, 'test[3]', 2)).toMatch(/^release-7-test-3-2-[0-9a-f]{8}$/);
  });

  it('is the same for the same attempt, and different for another run of the same name', () => {
    expect(podName('release', UID, 'build', 0)).toBe(podName('release', UID, 'build', 0));
    expect(podName('release', UID, 'build', 0)).not.toBe(podName('release', 'another-uid', 'build', 0));
  });

  it('differs for paths with the same DNS-safe form', () => {
    expect(podName('release', UID, 'test[3]', 0)).not.toBe(podName('release', UID, 'test-3', 0));
  });

  it('has a longer hash if the path is truncated, so that thousands of items stay distinct', () => {
    const run = 'r'.repeat(52);
    const names = Array.from({ length: 5000 }, (_, index) => podName(run, UID, `test[${index}]`, 0));
    expect(new Set(names).size).toBe(5000);
    expect(names[0]).toMatch(/-0-[0-9a-f]{16}$/);
  });

  it('is a DNS label of at most 63 characters for any run and path', () => {
    const run = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,50}[a-z0-9])?$/);
    const path = fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?(\[[0-9]{1,4}\])?$/);
    fc.assert(
      fc.property(run, path, fc.nat(200), (name, where, attempt) => {
        expect(podName(name, UID, where, attempt)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }),
    );
  });
});

describe('the name of a child run', () => {
  it('has the form of a pod name', () => {
    expect(childRunName('release-7', UID, 'ship/deploy', 1)).toMatch(/^release-7-ship-deploy-1-[0-9a-f]{8}$/);
  });

  it('is short enough for a run at any depth, and unique', () => {
    const first = childRunName('r'.repeat(52), UID, `${'a'.repeat(40)}[12]`, 0);
    const below = childRunName(first, UID, `${'a'.repeat(40)}[13]`, 0);
    for (const name of [first, below]) expect(name).toMatch(/^[a-z0-9][-a-z0-9]{0,51}$/);
    expect(below).not.toBe(first);
  });
});
