import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedSet } from './ordered-set.ts';
import { byAge, byTurn, type Contender, turnOf as turnIn } from './turn.ts';

const run = (name: string, createdAt: number, priority = 0): Contender => ({ uid: name, name, createdAt, priority });
const inOrder = (compare: (a: Contender, b: Contender) => number, runs: readonly Contender[]) => {
  const set = new OrderedSet(compare);
  for (const each of runs) set.add(each);
  return set;
};
const turnOf = (
  limit: Parameters<typeof turnIn>[0],
  each: Contender,
  active: readonly Contender[],
  waiting: readonly Contender[],
) =>
  turnIn(limit, each, {
    active: inOrder(byAge, active),
    waiting: inOrder(byTurn, waiting),
    waitingByAge: inOrder(byAge, waiting),
  });
const types = (...turns: { type: string }[]) => turns.map(({ type }) => type);

describe('a queue of runs', () => {
  it('lets the first start, and tells the others their place and what they wait for', () => {
    const [a, b, c] = [run('a', 1), run('b', 2), run('c', 3)] as const;
    expect(turnOf({}, a, [], [a, b, c])).toEqual({ type: 'Go' });
    expect(turnOf({}, b, [a], [b, c])).toEqual({
      type: 'Wait',
      message: 'queued: 1 of at most 1 run in progress, oldest: a; position 1',
    });
    expect(turnOf({}, c, [a], [b, c])).toMatchObject({ message: expect.stringContaining('position 2') });
  });

  it('goes by priority, then age, then name', () => {
    const waiting = [run('old', 1), run('urgent', 9, 5), run('b', 1), run('a', 1)];
    const turns = waiting.map((each) => turnOf({ limit: 2 }, each, [], waiting));
    expect(types(...turns)).toEqual(['Wait', 'Go', 'Wait', 'Go']);
  });

  it('tells places far behind roughly, so that they need no write each time', () => {
    const waiting = Array.from({ length: 150 }, (_, index) => run(`r${String(index).padStart(3, '0')}`, 1));
    const place = (index: number) => turnOf({}, waiting[index] as Contender, [run('x', 0)], waiting);
    expect(place(36)).toMatchObject({ message: expect.stringContaining('position over 30') });
    expect(place(149)).toMatchObject({ message: expect.stringContaining('position over 100') });
    const whileIn = (active: string) => turnOf({}, waiting[36] as Contender, [run(active, 0)], waiting);
    expect(whileIn('x')).toEqual(whileIn('y'));
    expect(whileIn('x')).toMatchObject({ message: 'queued: at most 1 run in progress; position over 30' });
  });

  it('never lets more start than there are places, and always somebody while there is one', () => {
    const runs = fc.uniqueArray(fc.nat(40), { maxLength: 12 });
    fc.assert(
      fc.property(runs, runs, fc.integer({ min: 1, max: 5 }), (busy, waiting, limit) => {
        const active = busy.map((at) => run(`active${at}`, at));
        const pending = waiting.map((at) => run(`p${at}`, at, at % 3));
        const started = pending.filter((each) => turnOf({ limit }, each, active, pending).type === 'Go');
        expect(started).toHaveLength(Math.min(pending.length, Math.max(0, limit - active.length)));
      }),
    );
  });
});

describe('the policy Skip', () => {
  it('starts none beyond the limit', () => {
    const [a, b] = [run('a', 1), run('b', 2)] as const;
    expect(turnOf({ policy: 'Skip' }, a, [], [a, b])).toEqual({ type: 'Go' });
    expect(turnOf({ policy: 'Skip' }, b, [], [a, b])).toMatchObject({ type: 'Skip' });
    expect(turnOf({ policy: 'Skip' }, b, [a], [b])).toMatchObject({ type: 'Skip' });
  });
});

describe('the policy CancelRunning', () => {
  const policy = { policy: 'CancelRunning' } as const;

  it('makes the oldest give way, and starts when it has ended', () => {
    const [a, b] = [run('a', 1), run('b', 2)] as const;
    const turn = turnOf(policy, b, [a], [b]);
    expect(turn).toEqual({ type: 'Replace', message: 'waiting for a, which this run replaces, to end', cancel: [a] });
    expect(turnOf(policy, b, [], [b])).toEqual({ type: 'Go' });
  });

  it('lets the newest of those that wait win, and starts the others never', () => {
    const [a, b, c] = [run('a', 1), run('b', 2), run('c', 3)] as const;
    expect(turnOf(policy, b, [a], [b, c])).toMatchObject({ type: 'Skip', message: expect.stringContaining('c') });
    expect(turnOf(policy, c, [a], [b, c])).toMatchObject({ type: 'Replace', cancel: [a] });
    expect(turnOf(policy, a, [c], [a])).toMatchObject({ type: 'Skip' });
  });

  it('cancels no more than it must', () => {
    const active = [run('a', 1), run('b', 2), run('c', 3)];
    const turn = turnOf({ ...policy, limit: 3 }, run('d', 4), active, []);
    expect(turn).toMatchObject({ type: 'Replace', cancel: [{ name: 'a' }] });
    expect(types(turnOf({ ...policy, limit: 4 }, run('d', 4), active, []))).toEqual(['Go']);
  });
});
