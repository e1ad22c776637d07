import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANNOTATION_DIGEST, type Definition, LABEL_WORKFLOW } from '../../api/index.ts';
import {
  Content,
  decodeRevision,
  misfitOf,
  Plans,
  type RevisionObject,
  revisionName,
} from '../../definitions/index.ts';
import { digestOf } from '../../engine/index.ts';
import { pinned, revisionObject } from '../testing/revisions.ts';
import { createStores, findRevision, type Stores } from './stores.ts';

const definition: Definition = {
  parameters: [{ name: 'version', type: 'String', default: '1.0' }],
  tasks: [
    { name: 'build', image: 'busybox', run: 'make', env: { A: '1' } },
    { name: 'ship', needs: ['build'], image: 'busybox', run: 'make ship' },
  ],
};
const evil: Definition = { tasks: [{ name: 'build', image: 'evil', run: 'steal' }] };
const digest = digestOf(definition);
const WANTED = { namespace: 'n', workflow: 'w', uid: 'w-uid', digest };
const misfit = (object: RevisionObject, wanted = WANTED) => misfitOf(decodeRevision(object), wanted);

describe('a pinned definition', () => {
  it('is believed when content, name, label and owner fit', () => {
    expect(misfit(revisionObject(definition))).toBeUndefined();
  });

  const named = (of: RevisionObject, name: string): RevisionObject => ({ ...of, metadata: { ...of.metadata, name } });
  const name = revisionName('w', digest);
  const forgeries: readonly [string, RevisionObject, string][] = [
    ['other content under its name', named(revisionObject(evil), name), 'its content has the digest'],
    [
      'other content that claims its digest by annotation',
      {
        ...revisionObject(definition),
        metadata: { ...revisionObject(definition).metadata, annotations: { [ANNOTATION_DIGEST]: digest } },
        data: evil,
      },
      'its content has the digest',
    ],
    ['its content under another name', named(revisionObject(definition), 'w-1'), `its name should be n/${name}`],
    ['its content in another namespace', revisionObject(definition, { namespace: 'm' }), 'its name should be n/'],
    ['its content for another Workflow', revisionObject(definition, { workflow: 'v' }), 'its name should be n/'],
    [
      'its content of another owner',
      revisionObject(definition, { uid: 'another' }),
      'its owner is Workflow w (uid another)',
    ],
    [
      'its content of nobody',
      { ...revisionObject(definition), metadata: { ...revisionObject(definition).metadata, ownerReferences: [] } },
      'its owner is nobody',
    ],
    ['no content', { ...revisionObject(definition), data: undefined }, 'it contains no definition'],
  ];
  it.each(forgeries)('is not %s', (_what, object, why) => {
    const text = misfit(object) ?? '';
    expect(text).toContain(why);
    expect(text).toContain(`kubectl delete controllerrevision ${object.metadata.name} -n n`);
  });

  it('is not what is nested deeper than can be walked', () => {
    const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`) as unknown;
    expect(misfit({ ...revisionObject(definition), data: deep })).toBeDefined();
  });

  it('is judged by its content alone where its Workflow is gone', () => {
    const wanted = { ...WANTED, uid: undefined };
    expect(misfitOf(decodeRevision(revisionObject(definition, { uid: 'gone' })), wanted)).toBeUndefined();
    expect(misfitOf(decodeRevision(named(revisionObject(evil), name)), wanted)).toBeDefined();
  });

  it('is digested once for each object, however often it is asked for', () => {
    let reads = 0;
    const counted = {
      get tasks() {
        reads += 1;
        return definition.tasks;
      },
    };
    const revision = decodeRevision({ ...revisionObject(definition), data: counted } as RevisionObject);
    expect(reads).toBe(0);
    expect(revision.content()).toBe(revision.content());
    expect(reads).toBe(1);
  });

  it('is kept as it was digested: what JSON cannot tell apart is the same afterwards', () => {
    const odd = JSON.parse('{"tasks":[],"limit":1e400,"zero":-0}') as unknown;
    expect(Content.of(odd).definition).toEqual({ tasks: [], limit: null, zero: 0 });
  });

  it('is compiled once for all who have just that content', () => {
    const plans = new Plans();
    const plan = plans.of(Content.of(definition));
    expect(plans.of(Content.of(structuredClone(definition)))).toBe(plan);
    expect(plans.of(Content.of(evil)).definition).toEqual(evil);
  });
});

/** All places of a JSON value that can be changed, as paths. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]));
}

function changed(of: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  const copy = structuredClone(of) as Record<string, unknown>;
  copy[key] = changed(copy[key], rest, to);
  return copy;
}

describe('a revision that somebody tampered with', () => {
  const object = revisionObject(definition);
  const decisive = placesOf({
    data: object.data,
    metadata: {
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      labels: { [LABEL_WORKFLOW]: 'w' },
      ownerReferences: object.metadata.ownerReferences?.map(({ blockOwnerDeletion: _unread, ...owner }) => owner),
    },
  });

  it('is never believed, whichever place that matters was changed, and to what', () => {
    fc.assert(
      fc.property(fc.constantFrom(...decisive), fc.jsonValue(), fc.string(), (place, value, text) => {
        const isMeta = place[0] === 'metadata';
        const tampered = changed(object, place, isMeta ? text : value) as RevisionObject;
        const isApiVersion = place.at(-1) === 'apiVersion' && text.startsWith('flow.ado.dev/');
        fc.pre(!isApiVersion && JSON.stringify(tampered) !== JSON.stringify(object));
        expect(misfit(tampered)).toBeDefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('is never believed when something was added to its definition or taken away', () => {
    const places = placesOf(object.data).flatMap((path) => path.map((_key, at) => path.slice(0, at)));
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.string(),
        fc.jsonValue(),
        fc.boolean(),
        (place, key, value, isAdded) => {
          const copy = structuredClone(object);
          const holder = place.reduce((at, step) => (at as Record<string, unknown>)[step], copy.data) as object;
          const keys = Object.keys(holder);
          const known = keys[key.length % keys.length] ?? '';
          if (Array.isArray(holder)) isAdded ? holder.push(value) : holder.splice(Number(known), 1);
          if (!Array.isArray(holder))
            isAdded ? Object.assign(holder, { [`x${key}`]: value }) : Reflect.deleteProperty(holder, known);
          expect(misfit(copy)).toBeDefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('finding a pinned definition', () => {
  const { noted, entry } = pinned(definition);
  function given(object: RevisionObject): Stores {
    const stores = createStores(false);
    const { namespace = '', name, uid = '' } = object.metadata;
    stores.revisions.put({ key: `${namespace}/${name}`, uid, resourceVersion: '1', value: decodeRevision(object) });
    const metadata = { name: 'w', namespace: 'n', uid: 'w-uid' };
    const value = { apiVersion: '', kind: '', metadata, spec: definition };
    stores.workflows.put({ key: 'n/w', uid: 'w-uid', resourceVersion: '1', value });
    return stores;
  }

  it('gives its content', () => {
    const found = findRevision(given(revisionObject(definition)), 'n', 'w', noted);
    expect(found).toMatchObject({ revision: noted.revision, content: { digest } });
    expect(entry.value.content()?.definition).toEqual(definition);
  });

  it('gives nothing of another namespace, whatever it has in it', () => {
    const stores = given(revisionObject(definition, { namespace: 'm' }));
    expect(findRevision(stores, 'n', 'w', noted)).toMatchObject({ reason: 'RevisionMissing' });
  });

  it('tells one that is forged from one that is missing', () => {
    const stores = given({ ...revisionObject(definition), data: evil });
    expect(findRevision(stores, 'n', 'w', noted)).toMatchObject({ reason: 'RevisionForged' });
    expect(findRevision(createStores(false), 'n', 'w', noted)).toMatchObject({ reason: 'RevisionMissing' });
    expect(findRevision(stores, 'n', 'w', undefined)).toMatchObject({ reason: 'RevisionMissing' });
  });
});
