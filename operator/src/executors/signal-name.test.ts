import { describe, expect, it } from 'vitest';
import { signalObjectName, signalObjectNames } from './signal-name.ts';

const run = { name: 'ship-7', uid: 'b7a6d1d4-0000-4000-8000-000000000000' };

describe('the name of the signal by which a task asks', () => {
  it.each([
    ['approve', 'ship-7-approve'],
    ['approve[3]', 'ship-7-approve.3'],
    ['poll/2', 'ship-7-poll.2'],
    ['each[2]/deploy/ask/3', 'ship-7-each.2.deploy.ask.3'],
    ['deploy.on-failure', 'ship-7-deploy.on-failure'],
  ])('is what people would say: of %s it is %s', (path, name) => {
    expect(signalObjectName(run, path)).toBe(name);
  });

  it('is legal and its own for every path of a run', () => {
    const names = ['approve[0]', 'approve[1]', 'approve[10]', 'approve-0', 'a/b-c', 'a-b/c', 'a/0/b', 'a[0]/b-0'].map(
      (path) => signalObjectName(run, path),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^ship-7-[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  });

  it('has at most 63 characters, and tells apart what is cut', () => {
    const long = 'x'.repeat(80);
    const names = [`${long}a`, `${long}b`, `${long}a[0]`].map((path) => signalObjectName(run, path));
    expect(names.map(({ length }) => length)).toEqual([63, 63, 63]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('is another one where the first is taken, which only this run can have', () => {
    const [first, other] = signalObjectNames(run, 'approve');
    expect(first).toBe('ship-7-approve');
    expect(other).toMatch(/^ship-7-approve-[0-9a-f]{6}$/);
    expect(signalObjectNames({ ...run, uid: 'another' }, 'approve')[1]).not.toBe(other);
  });

  it('is still found where an earlier operator asked for an item by a name with a hash', () => {
    expect(signalObjectNames(run, 'approve[0]')).toContain('ship-7-approve-0-72bce2');
    expect(signalObjectNames(run, 'approve')).toHaveLength(2);
  });
});
