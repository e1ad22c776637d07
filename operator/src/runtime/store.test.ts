import { describe, expect, it } from 'vitest';
import { type Entry, Store } from './store.ts';

interface Thing {
  owner: string;
  note: string;
}

const entry = (key: string, uid: string, resourceVersion: string, note = '', owner = 'o'): Entry<Thing> => ({
  key,
  uid,
  resourceVersion,
  value: { owner, note },
});

function recorded(store: Store<Thing>): string[] {
  const log: string[] = [];
  store.subscribe({
    added: (key, value) => log.push(`+${key}:${value.note}`),
    updated: (key, value, previous) => log.push(`~${key}:${previous.note}>${value.note}`),
    deleted: (key, value) => log.push(`-${key}:${value.note}`),
    resynced: (key) => log.push(`=${key}`),
  });
  return log;
}

describe('Store', () => {
  it('tells additions, updates and deletions, with the value before', () => {
    const store = new Store<Thing>();
    const log = recorded(store);
    store.put(entry('a/x', 'u1', '1', 'one'));
    store.put(entry('a/x', 'u1', '2', 'two'));
    store.remove('a/x', 'u1');
    expect(log).toEqual(['+a/x:one', '~a/x:one>two', '-a/x:two']);
    expect(store.size).toBe(0);
  });

  it('stays silent about a version it has already', () => {
    const store = new Store<Thing>();
    const log = recorded(store);
    store.put(entry('a/x', 'u1', '1'));
    store.put(entry('a/x', 'u1', '1'));
    expect(log).toHaveLength(1);
  });

  it('sees an object made again under its name as a deletion and an addition', () => {
    const store = new Store<Thing>();
    const log = recorded(store);
    store.put(entry('a/x', 'u1', '1', 'old'));
    store.put(entry('a/x', 'u2', '5', 'new'));
    expect(log).toEqual(['+a/x:old', '-a/x:old', '+a/x:new']);
  });

  it('does not let the late deletion of a predecessor remove its successor', () => {
    const store = new Store<Thing>();
    store.put(entry('a/x', 'u2', '5'));
    store.remove('a/x', 'u1');
    expect(store.get('a/x')).toBeDefined();
  });

  it('diffs a complete list by uid', () => {
    const store = new Store<Thing>();
    store.put(entry('a/same', 'u1', '1', 's'));
    store.put(entry('a/changed', 'u2', '1', 'c1'));
    store.put(entry('a/gone', 'u3', '1', 'g'));
    store.put(entry('a/again', 'u4', '1', 'a1'));
    const log = recorded(store).splice(0) && recorded(store);
    log.splice(0);
    const result = store.replace([
      entry('a/same', 'u1', '1', 's'),
      entry('a/changed', 'u2', '2', 'c2'),
      entry('a/again', 'u5', '9', 'a2'),
      entry('a/new', 'u6', '9', 'n'),
    ]);
    expect(log).toEqual(['=a/same', '~a/changed:c1>c2', '-a/again:a1', '+a/again:a2', '+a/new:n', '-a/gone:g']);
    expect(result).toEqual({ added: 2, updated: 1, deleted: 1 });
  });

  it('replaces one namespace without touching the others', () => {
    const store = new Store<Thing>();
    store.put(entry('a/x', 'u1', '1'));
    store.put(entry('ab/x', 'u2', '1'));
    store.replace([], 'a');
    expect([...store.keys()]).toEqual(['ab/x']);
  });

  it('keeps the last readable version of an object that cannot be decoded, unless it is another object', () => {
    const store = new Store<Thing>();
    store.put(entry('a/x', 'u1', '1'));
    store.put(entry('a/y', 'u2', '1'));
    store.replace(
      [],
      undefined,
      new Map([
        ['a/x', 'u1'],
        ['a/y', 'u9'],
      ]),
    );
    expect([...store.keys()]).toEqual(['a/x']);
  });

  it('finds objects by index, and forgets values that are gone', () => {
    const store = new Store<Thing>({ indexes: { owner: (thing) => [thing.owner] } });
    store.put(entry('a/x', 'u1', '1', '', 'p'));
    store.put(entry('a/y', 'u2', '1', '', 'p'));
    expect(store.keysByIndex('owner', 'p')).toEqual(['a/x', 'a/y']);
    store.put(entry('a/x', 'u1', '2', '', 'q'));
    store.remove('a/y');
    expect(store.byIndex('owner', 'p')).toEqual([]);
    expect(store.keysByIndex('owner', 'q')).toEqual(['a/x']);
    expect(() => store.byIndex('nothing', 'x')).toThrow('no index "nothing"');
  });

  it('goes on when a handler throws', () => {
    const errors: string[] = [];
    const store = new Store<Thing>();
    store.reportErrorsTo((_error, key) => errors.push(key));
    store.subscribe({
      added: () => {
        throw new Error('handler');
      },
    });
    const log = recorded(store);
    store.put(entry('a/x', 'u1', '1'));
    expect(errors).toEqual(['a/x']);
    expect(log).toEqual(['+a/x:']);
  });

  it('tells a late subscriber what is there', () => {
    const store = new Store<Thing>();
    store.put(entry('a/x', 'u1', '1', 'here'));
    expect(recorded(store)).toEqual(['+a/x:here']);
  });

  it('keeps versions beyond 2^53 apart', () => {
    const store = new Store<Thing>();
    const log = recorded(store);
    store.put(entry('a/x', 'u1', '9007199254740993', 'a'));
    store.put(entry('a/x', 'u1', '9007199254740992', 'b'));
    expect(log).toHaveLength(2);
  });
});
