import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ancestors, findCycle, type Node, topologicalOrder } from './graph.ts';

const node = (name: string, ...needs: string[]): Node => ({ name, needs });
const diamond = [node('d', 'b', 'c'), node('b', 'a'), node('c', 'a'), node('a')];

/** Any graph without cycles: each task needs some of those before it. */
const acyclic = fc
  .array(fc.array(fc.nat({ max: 60 }), { maxLength: 6 }), { maxLength: 60 })
  .map((rows) =>
    rows.map((row, i) => node(`t${i}`, ...new Set(row.filter((need) => need < i).map((need) => `t${need}`)))),
  );
/** Any graph at all. */
const anyGraph = fc
  .array(fc.array(fc.nat({ max: 12 }), { maxLength: 4 }), { maxLength: 12 })
  .map((rows) => rows.map((row, i) => node(`t${i}`, ...row.map((need) => `t${need}`))));

describe('the graph of tasks', () => {
  it('puts each task after its needs, and keeps the order of the definition otherwise', () => {
    expect(topologicalOrder(diamond)).toEqual(['a', 'b', 'c', 'd']);
    expect(topologicalOrder([node('z'), node('a'), node('m')])).toEqual(['z', 'a', 'm']);
  });

  it('knows all ancestors, not only the direct ones', () => {
    expect(ancestors(diamond).get('d')).toEqual(new Set(['a', 'b', 'c']));
    expect(ancestors(diamond).get('a')).toEqual(new Set());
  });

  it('names a cycle in the direction of needs', () => {
    const cycle = findCycle([node('x', 'a'), node('a', 'b'), node('b', 'ok', 'c'), node('c', 'a'), node('ok')]);
    expect(cycle).toEqual(['a', 'b', 'c', 'a']);
    expect(findCycle([node('a', 'a')])).toEqual(['a', 'a']);
    expect(findCycle(diamond)).toBeUndefined();
  });

  it('overlooks needs that name no task, which are for validation', () => {
    expect(topologicalOrder([node('a', 'ghost')])).toEqual(['a']);
    expect(ancestors([node('a', 'ghost')]).get('a')).toEqual(new Set());
  });

  it('orders every graph without cycles completely', () => {
    fc.assert(
      fc.property(acyclic, (tasks) => {
        const order = topologicalOrder(tasks);
        const place = new Map(order.map((name, index) => [name, index]));
        expect(new Set(order)).toEqual(new Set(tasks.map(({ name }) => name)));
        for (const { name, needs = [] } of tasks) {
          for (const need of needs) expect(place.get(need)).toBeLessThan(place.get(name) as number);
        }
        expect(findCycle(tasks)).toBeUndefined();
      }),
    );
  });

  it('finds as ancestors what a walk along the needs finds', () => {
    const walk = (tasks: readonly Node[], name: string, found = new Set<string>()): Set<string> => {
      for (const need of tasks.find((task) => task.name === name)?.needs ?? []) {
        if (!found.has(need)) walk(tasks, need, found.add(need));
      }
      return found;
    };
    fc.assert(
      fc.property(acyclic, (tasks) => {
        const above = ancestors(tasks);
        for (const { name } of tasks) expect(above.get(name)).toEqual(walk(tasks, name));
      }),
    );
  });

  it('finds a true cycle exactly when the order is incomplete', () => {
    fc.assert(
      fc.property(anyGraph, (tasks) => {
        const cycle = findCycle(tasks);
        expect(cycle === undefined).toBe(topologicalOrder(tasks).length === tasks.length);
        const needs = new Map(tasks.map((task) => [task.name, task.needs ?? []]));
        for (const [i, name] of (cycle ?? []).slice(1).entries()) expect(needs.get(cycle?.[i] ?? '')).toContain(name);
        expect(cycle?.[0]).toBe(cycle?.at(-1));
      }),
    );
  });

  it('looks at each edge a bounded number of times', () => {
    let looks = 0;
    const watched = (name: string, needs: string[]): Node => ({
      name,
      get needs() {
        looks += needs.length;
        return needs;
      },
    });
    const tasks = Array.from({ length: 500 }, (_, i) =>
      watched(
        `t${i}`,
        Array.from({ length: Math.min(i, 64) }, (__, k) => `t${i - 1 - k}`),
      ),
    );
    const edges = 500 * 64 - (64 * 65) / 2;
    expect(ancestors(tasks).get('t499')?.size).toBe(499);
    findCycle(tasks);
    expect(looks).toBeLessThanOrEqual(6 * edges);
  });
});
