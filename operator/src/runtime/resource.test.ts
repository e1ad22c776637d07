import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apiVersionOf,
  collectionPath,
  controllerReference,
  LEASES,
  NAMESPACES,
  objectPath,
  PODS,
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

  it.each([
    ['a name', { namespace: 'a', name: 'c/status' }],
    ['an encoded name', { namespace: 'a', name: 'c%2Fstatus' }],
    ['a namespace', { namespace: '../kube-system', name: 'c' }],
    ['the folder above', { namespace: 'a', name: '..' }],
    ['a query', { namespace: 'a', name: 'c?dryRun=All' }],
    ['too long a name', { namespace: 'a', name: 'c'.repeat(254) }],
  ])('cannot be led elsewhere by %s', (_what, ref) => {
    expect(() => objectPath(PODS, ref)).toThrow('cannot be a part of a path of the API server');
  });

  it('have as many segments as they are to have, or are refused, whatever their parts are', () => {
    const nasty = fc.constantFrom('/', '..', '.', '%2F', '%2e%2e', '\\', '?', '#', ';', '\n', '\ud800', ' ', ':', 'a');
    const odd = fc.oneof(
      fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
      fc.array(nasty, { maxLength: 6 }).map((parts) => parts.join('')),
    );
    // Mostly fine, so that what is odd stands beside parts that are not.
    const text = fc.oneof({ weight: 9, arbitrary: fc.stringMatching(/^[-a-z0-9:@.]{1,9}$/) }, odd);
    const parts = fc.record({
      group: text,
      version: text,
      plural: text,
      namespace: text,
      name: text,
      subresource: text,
    });
    const taken = new Set<boolean>();
    fc.assert(
      fc.property(parts, fc.boolean(), ({ namespace, name, subresource, ...type }, namespaced) => {
        const root = type.group === '' ? ['api'] : ['apis', type.group];
        const scope = namespaced ? ['namespaces', namespace] : [];
        const below = subresource === '' ? [] : [subresource];
        const wanted = [...root, type.version, ...scope, type.plural, name, ...below];
        let path: string;
        try {
          path = objectPath({ ...type, kind: 'X', namespaced }, { namespace, name }, subresource);
        } catch {
          return void taken.add(false);
        }
        taken.add(true);
        expect(new URL(path, 'http://server').pathname).toBe(path);
        // As the API server does it: decoded first, and taken apart then.
        expect(decodeURIComponent(path).split('/').slice(1)).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
    expect(taken.size).toBe(2);
  });
});

describe('names', () => {
  it('of kinds are those of kubectl', () => {
    expect([apiVersionOf(PODS), apiVersionOf(LEASES)]).toEqual(['v1', 'coordination.k8s.io/v1']);
    expect([resourceName(PODS), resourceName(LEASES)]).toEqual(['pods', 'leases.coordination.k8s.io']);
  });
});

describe('a controller reference', () => {
  it('names its owner by group, version, kind, name and uid, and does not block its deletion', () => {
    const reference = controllerReference(LEASES, { metadata: { name: 'o', uid: 'u1' } });
    expect(reference).toEqual({
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', name: 'o', uid: 'u1' },
      ...{ controller: true, blockOwnerDeletion: false },
    });
  });

  it('needs a uid', () => {
    expect(() => controllerReference(LEASES, { metadata: { name: 'o' } })).toThrow('metadata.uid is empty');
  });
});
