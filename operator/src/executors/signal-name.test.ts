import { describe, expect, it } from 'vitest';
import { signalObjectName } from './signal-name.ts';

const run = { name: 'ship-7', uid: 'b7a6d1d4-0000-4000-8000-000000000000' };

describe('the name of the signal by which a task asks', () => {
  it('is what people would say: the run and the task', () => {
    expect(signalObjectName(run, 'approve')).toBe('ship-7-approve');
  });

  it('is legal and its own for paths with brackets and slashes', () => {
    const names = ['approve[0]', 'approve[1]', 'approve/0', 'approve-0', 'a/b-c', 'a-b/c'].map((path) =>
      signalObjectName(run, path),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^ship-7-[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });

  it('has at most 63 characters, and tells apart what is cut', () => {
    const long = 'x'.repeat(80);
    const names = [`${long}a`, `${long}b`].map((path) => signalObjectName(run, path));
    expect(names.map(({ length }) => length)).toEqual([63, 63]);
    expect(names[0]).not.toBe(names[1]);
  });

  it('is another one where the first is taken, which only this run can have', () => {
    const other = signalObjectName(run, 'approve', 1);
    expect(other).toMatch(/^ship-7-approve-[0-9a-f]{6}$/);
    expect(signalObjectName({ ...run, uid: 'another' }, 'approve', 1)).not.toBe(other);
    expect(signalObjectName(run, 'approve[0]', 1)).not.toBe(signalObjectName(run, 'approve[0]', 0));
  });
});
