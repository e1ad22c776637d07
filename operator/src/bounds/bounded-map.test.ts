import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedMap } from './bounded-map.ts';

describe('a bounded map', () => {
  it('drops the entry that was set longest ago once it is full', () => {
    const map = new BoundedMap<number>({ max: 2 });
    for (const [index, key] of ['a', 'b', 'c'].entries()) map.set(key, index);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([undefined, 1, 2, 2]);
  });

  it('keeps an entry that is set again longer than the others, and one that is only read no longer', () => {
    const map = new BoundedMap<number>({ max: 2 });
    map.set('read', 0);
    map.set('set', 1);
    map.get('read');
    map.set('set', 2);
    map.set('new', 3);
    expect([...map.values()]).toEqual([2, 3]);
    expect(map.has('read')).toBe(false);
  });

  it('keeps entries whose value is undefined', () => {
    const map = new BoundedMap<undefined>({ max: 1 });
    map.set('a', undefined);
    map.set('a', undefined);
    expect([map.has('a'), map.size, map.delete('a'), map.delete('a'), map.size]).toEqual([true, 1, true, false, 0]);
  });

  it('reports dropped entries, but not replaced or deleted ones', () => {
    const dropped: unknown[] = [];
    const map = new BoundedMap<number>({ max: 1, onDrop: (...entry) => dropped.push(entry) });
    map.set('a', 1);
    map.set('a', 2);
    map.set('b', 3);
    map.delete('b');
    map.set('c', 4);
    expect(dropped).toEqual([['a', 2]]);
  });

  it('does not keep an entry that alone exceeds the bound', () => {
    const map = new BoundedMap<number>({ max: 10, weigh: (value) => value });
    map.set('light', 1);
    map.set('heavy', 11);
    expect(map.size).toBe(0);
    map.set('light', 10);
    expect(map.get('light')).toBe(10);
  });

  it('holds what a list of writes cut at the bound holds, whatever the order of writes and deletions', () => {
    const step = fc.record({ key: fc.constantFrom(...'abcdef'), weight: fc.nat(6), deletes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), fc.nat(12), (steps, max) => {
        const map = new BoundedMap<number>({ max, weigh: (value) => value });
        let model: (readonly [string, number])[] = [];
        for (const { key, weight, deletes } of steps) {
          model = model.filter(([other]) => other !== key);
          if (deletes) {
            map.delete(key);
          } else {
            map.set(key, weight);
            model.push([key, weight]);
          }
          while (model.reduce((sum, [, each]) => sum + each, 0) > max) model.shift();
          expect([...map.values()]).toEqual(model.map(([, each]) => each));
          expect([...'abcdef'].filter((each) => map.has(each))).toEqual(model.map(([each]) => each).sort());
        }
      }),
    );
  });
});
