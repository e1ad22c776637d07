import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayHeap } from './delay-heap.ts';

describe('DelayHeap', () => {
  it('gives keys out in the order of their earliest time, whatever was pushed and deleted', () => {
    const operation = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      due: fc.integer({ min: 0, max: 50 }),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const heap = new DelayHeap<string>();
        const model = new Map<string, number>();
        for (const { key, due, remove } of operations) {
          if (remove) {
            heap.delete(key);
            model.delete(key);
            continue;
          }
          heap.push(key, due, key);
          model.set(key, Math.min(model.get(key) ?? due, due));
        }
        const out: number[] = [];
        for (let entry = heap.popDue(100); entry; entry = heap.popDue(100)) out.push(model.get(entry.key) ?? -1);
        expect(out).toEqual([...model.values()].sort((x, y) => x - y));
        expect(heap.size).toBe(0);
      }),
    );
  });

  it('does not grow when one key is moved forward again and again', () => {
    const heap = new DelayHeap<number>();
    for (let i = 0; i < 10_000; i++) heap.push('k', 1_000_000 - i, i);
    expect((heap as unknown as { heap: unknown[] }).heap.length).toBeLessThan(100);
    expect(heap.nextDue()).toBe(1_000_000 - 9_999);
  });

  it('keeps what is not due', () => {
    const heap = new DelayHeap<number>();
    heap.push('k', 10, 1);
    expect(heap.popDue(9)).toBeUndefined();
    expect(heap.popDue(10)?.key).toBe('k');
  });
});
