import { describe, expect, it } from 'vitest';
import {
  apiVersionOf,
  collectionPath,
  controllerReference,
  isControlledBy,
  keyOf,
  LEASES,
  NAMESPACES,
  objectPath,
  PODS,
  parseKey,
  resourceName,
} from './resource.ts';

describe('paths', () => {
  it('are those of the API, in a namespace and in the cluster', () => {
    expect(collectionPath(PODS)).toBe('/api/v1/pods');
    expect(collectionPath(PODS, 'a')).toBe('/api/v1/namespaces/a/pods');
    expect(collectionPath(NAMESPACES, 'ignored')).toBe('/api/v1/namespaces');
    expect(objectPath(LEASES, { namespace: 'a', name: 'l' }, 'status')).toBe(
      '/apis/coordination.k8s.io/v1/namespaces/a/leases/l/status',
    );
  });

  it('cannot be led elsewhere by a name', () => {
    expect(objectPath(PODS, { namespace: '../x', name: 'a/../../b?c' })).toBe(
      '/api/v1/namespaces/..%2Fx/pods/a%2F..%2F..%2Fb%3Fc',
    );
  });
});

describe('names', () => {
  it('of kinds are those of kubectl', () => {
    expect([apiVersionOf(PODS), apiVersionOf(LEASES)]).toEqual(['v1', 'coordination.k8s.io/v1']);
    expect([resourceName(PODS), resourceName(LEASES)]).toEqual(['pods', 'leases.coordination.k8s.io']);
  });

  it('of objects are keys and back', () => {
    for (const ref of [{ namespace: 'a', name: 'b' }, { name: 'c' }]) expect(parseKey(keyOf(ref))).toEqual(ref);
  });
});

describe('ownership', () => {
  it('is by uid, never by name', () => {
    const owner = { metadata: { name: 'o', uid: 'u1' } };
    const child = { metadata: { name: 'c', ownerReferences: [controllerReference(LEASES, owner)] } };
    expect(isControlledBy(child, 'u1')).toBe(true);
    expect(isControlledBy(child, 'u2')).toBe(false);
    expect(isControlledBy({ metadata: { name: 'c' } }, 'u1')).toBe(false);
    expect(() => controllerReference(LEASES, { metadata: { name: 'o' } })).toThrow('metadata.uid is empty');
  });
});
