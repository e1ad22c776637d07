import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../runtime/index.ts';
import { conflictText, fieldManagerOf, isOwnedByFormer } from './field-manager.ts';

const run = { name: 'r', namespace: 'shop', uid: 'u', workflow: 'release' };

describe('the manager of the fields that a task applies', () => {
  it.each([
    ['deploy', 'ado:shop/release/deploy'],
    ['each[2]/deploy', 'ado:shop/release/each/deploy'],
    ['poll/3/deploy', 'ado:shop/release/poll/deploy'],
    ['poll/3/each[7]/deploy', 'ado:shop/release/poll/each/deploy'],
    ['.onSuccess/tell', 'ado:shop/release/.onSuccess/tell'],
  ])('of %s is %s, in every run, item and iteration', (path, manager) => {
    expect(fieldManagerOf(run, path)).toBe(manager);
    expect(fieldManagerOf({ ...run, name: 'another', uid: 'v' }, path)).toBe(manager);
  });

  it('is another for another task, Workflow or namespace, and always one that the API server takes', () => {
    const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/);
    const path = fc.array(name, { minLength: 1, maxLength: 6 }).map((names) => names.join('/'));
    const place = fc.record({ namespace: name, workflow: name, path });
    const of = ({ namespace, workflow, path: task }: { namespace: string; workflow: string; path: string }) =>
      fieldManagerOf({ ...run, namespace, workflow }, task);
    fc.assert(
      fc.property(place, place, (one, other) => {
        expect(of(one).length).toBeLessThanOrEqual(128);
        if (JSON.stringify(one) !== JSON.stringify(other)) expect(of(one)).not.toBe(of(other));
      }),
      { numRuns: 100 },
    );
  });
});

describe('a conflict', () => {
  const causes = (...managers: string[]) =>
    managers.map((manager, index) => ({
      ...{ reason: 'FieldManagerConflict', field: `.spec.f${index}` },
      message: `conflict with "${manager}" with subresource "status" using v1`,
    }));
  const conflict = (...managers: string[]) =>
    new ApiError(409, { reason: 'Conflict', message: 'no', details: { causes: causes(...managers) } });

  it('is told in so many words as people read, however many fields there are', () => {
    const text = conflictText(conflict(...Array.from({ length: 300 }, () => 'x'.repeat(128)))) ?? '';
    expect(text).toMatch(/^\.spec\.f0 \("xxx/);
    expect(text).toMatch(/ and 296 more$/);
    expect(text.length).toBeLessThan(400);
  });

  it('is with the operator before this one only where all of it is', () => {
    expect(isOwnedByFormer(conflict('ado-resource', 'ado-resource'))).toBe(true);
    expect(isOwnedByFormer(conflict('ado-resource', 'helm'))).toBe(false);
    expect(isOwnedByFormer(conflict('not ado-resource'))).toBe(false);
    expect(isOwnedByFormer(conflict())).toBe(false);
    expect(isOwnedByFormer(new Error('409'))).toBe(false);
  });

  it('is about no field where the version differs, or the name is taken', () => {
    expect(conflictText(conflict())).toBeUndefined();
    const taken = new ApiError(409, { reason: 'AlreadyExists', details: { causes: causes('helm') } });
    expect(conflictText(taken)).toBeUndefined();
  });
});
