import { describe, expect, it } from 'vitest';
import { admissible, inOrder, type Waiter } from './order.ts';

const nobody = { heldByShare: () => new Map<string, number>(), servedAt: () => 0 };

function waiter(
  name: string,
  more: Partial<Waiter> = {},
  wants: Record<string, number> = { a: 1 },
  share = '',
): Waiter {
  return {
    key: name,
    namespace: 'n',
    run: name,
    uid: name,
    path: 't',
    attempt: 0,
    item: undefined,
    priority: 0,
    since: 0,
    asked: 0,
    woken: undefined,
    wants: Object.entries(wants).map(([key, permits]) => ({ key, permits, share })),
    ...more,
  };
}
const names = (waiters: Iterable<Waiter>) => Array.from(waiters, ({ key }) => key);
const minutes = (count: number) => count * 60_000;

describe('the order of those who wait', () => {
  it('is that of their coming, if nothing else is to be said', () => {
    expect(names(inOrder([waiter('b', { since: 2 }), waiter('a', { since: 1 })], 'a', nobody, 3))).toEqual(['a', 'b']);
  });

  it('puts a higher priority first, and nobody off for ever', () => {
    const old = waiter('old', { priority: -100 });
    const urgent = waiter('urgent', { priority: 100, since: minutes(1) });
    expect(names(inOrder([old, urgent], 'a', nobody, minutes(1)))).toEqual(['urgent', 'old']);
    const late = waiter('late', { priority: 100, since: minutes(21) });
    expect(names(inOrder([old, late], 'a', nobody, minutes(21)))).toEqual(['old', 'late']);
  });

  it('takes turns by share, so that a thousand of one hold up nobody of another', () => {
    const many = Array.from({ length: 4 }, (_, i) => waiter(`big${i}`, { since: i }, { a: 1 }, 'big'));
    const few = [waiter('small', { since: 100 }, { a: 1 }, 'small')];
    const order = names(inOrder([...many, ...few], 'a', nobody, 100));
    expect(order.slice(0, 2)).toEqual(['big0', 'small']);
    const shares = { heldByShare: () => new Map([['big', 1]]), servedAt: () => 0 };
    expect(names(inOrder([...many, ...few], 'a', shares, 100))[0]).toBe('small');
  });

  it('goes on with the share that was served longest ago when all hold the same', () => {
    const waiting = [waiter('x', { since: 1 }, { a: 1 }, 'x'), waiter('y', { since: 2 }, { a: 1 }, 'y')];
    const shares = {
      heldByShare: () => new Map<string, number>(),
      servedAt: (share: string) => (share === 'x' ? 2 : 1),
    };
    expect(names(inOrder(waiting, 'a', shares, 3))).toEqual(['y', 'x']);
  });
});

describe('who can have all that they want', () => {
  it('is nobody who would overtake a larger want', () => {
    const waiters = [waiter('large', {}, { a: 3 }), waiter('small')];
    expect(names(admissible([{ key: 'a', waiters, free: 2 }]))).toEqual([]);
    expect(names(admissible([{ key: 'a', waiters, free: 4 }]))).toEqual(['large', 'small']);
  });

  it('has all of its semaphores or none, and leaves those that it cannot use to others', () => {
    const both = waiter('both', {}, { a: 1, b: 1 });
    const one = waiter('one');
    const other = waiter('other', {}, { b: 1 });
    const queues = [
      { key: 'a', waiters: [one, both], free: 1 },
      { key: 'b', waiters: [both, other], free: 1 },
    ];
    expect(names(admissible(queues))).toEqual(['one', 'other']);
  });

  it('is always somebody when two who want the same two come in opposite orders', () => {
    const first = waiter('first', {}, { a: 1, b: 1 });
    const second = waiter('second', {}, { a: 1, b: 1 });
    const queues = [
      { key: 'b', waiters: [second, first], free: 1 },
      { key: 'a', waiters: [first, second], free: 1 },
    ];
    expect(names(admissible(queues))).toEqual(['first']);
  });
});
