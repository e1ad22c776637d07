import { describe, expect, it } from 'vitest';
import { asController, controllerOf, isControlledBy, objectKey, parseKey } from './index.ts';

const owner = { apiVersion: 'v1', kind: 'K', name: 'o', uid: 'u1' };

describe('a key', () => {
  it('leads back to its object, with and without a namespace', () => {
    expect([objectKey({ namespace: 'a', name: 'b' }), objectKey({ name: 'c' })]).toEqual(['a/b', 'c']);
    for (const ref of [{ namespace: 'a', name: 'b' }, { name: 'c' }]) expect(parseKey(objectKey(ref))).toEqual(ref);
  });
});

describe('a controller', () => {
  const child = { metadata: { name: 'c', ownerReferences: [{ ...owner, uid: 'u0' }, asController(owner)] } };

  it('is known by its uid, never by its name', () => {
    expect(isControlledBy(child, 'u1')).toBe(true);
    expect(isControlledBy(child, 'o')).toBe(false);
    expect(isControlledBy({ metadata: { name: 'c' } }, 'u1')).toBe(false);
  });

  it('is not any other owner', () => {
    expect(isControlledBy(child, 'u0')).toBe(false);
    expect(controllerOf(child.metadata)).toEqual({ ...owner, controller: true, blockOwnerDeletion: false });
    expect(controllerOf({ name: 'c', ownerReferences: [owner] })).toBeUndefined();
  });
});
