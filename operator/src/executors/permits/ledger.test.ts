import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Semaphore } from '../../api/index.ts';
import type { Refusal } from '../executor.ts';
import { World } from './testing/world.ts';

const message = (answer: Refusal | undefined) => answer?.message ?? 'holds';

describe('an attempt that takes permits', () => {
  it('holds them by the status before it may start, and not before', async () => {
    const world = new World({ db: { permits: 1 } });
    const asked = world.ask('a', { db: 1 });
    expect(world.holders('db')).toEqual([]);
    expect(await asked).toBeUndefined();
    expect(world.holders('db')).toEqual(['a/t#0']);
  });

  it('is told what it waits for: who holds it, since when, and its place', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    await world.ask('b', { db: 1 });
    const answer = await world.ask('c', { db: 1 });
    expect(answer).toMatchObject({ phase: 'Refused', reason: 'Semaphore', retry: true });
    expect(message(answer)).toBe(
      'waits for Semaphore db (1 permit): held by run a task t since 1970-01-12T13:46:40Z; position 2',
    );
  });

  it('is told that a Semaphore is missing, and gets in when it comes', async () => {
    const world = new World({});
    expect(await world.ask('a', { db: 1 })).toMatchObject({ reason: 'SemaphoreNotFound', retry: true });
    world.create('db', { permits: 1 });
    expect(await world.ask('a', { db: 1 })).toBeUndefined();
  });

  it('is told when no Semaphore could ever give so much, and keeps nobody out meanwhile', async () => {
    const world = new World({ db: { permits: 2 } });
    const answer = await world.ask('a', { db: 3 });
    expect(answer).toMatchObject({ reason: 'SemaphoreTooSmall', retry: true });
    expect(message(answer)).toContain('has only 2; raise its permits');
    expect(await world.ask('b', { db: 2 })).toBeUndefined();
  });

  it('takes several semaphores all or none', async () => {
    const world = new World({ x: { permits: 1 }, y: { permits: 1 } });
    await world.ask('a', { y: 1 });
    expect(message(await world.ask('b', { x: 1, y: 1 }))).toContain('Semaphore y');
    expect(world.holders('x')).toEqual([]);
    await world.end('a');
    expect(await world.ask('b', { x: 1, y: 1 })).toBeUndefined();
    expect(world.holders('x')).toEqual(['b/t#0']);
  });

  it('costs few writes when a hundred come at once', async () => {
    const world = new World({ db: { permits: 100 } });
    const names = Array.from({ length: 100 }, (_, index) => `r${index}`);
    await Promise.all(names.map((name) => world.ask(name, { db: 1 })));
    expect(world.holders('db')).toHaveLength(100);
    expect(world.writes).toBeLessThanOrEqual(4);
  });

  it('gives them back only by what is stored of its run, and wakes the next in turn', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    await world.ask('b', { db: 1 });
    await world.settle('db');
    expect([world.holders('db'), world.woken]).toEqual([['a/t#0'], []]);
    await world.end('a');
    expect(world.woken).toEqual(['n/b']);
    expect(await world.ask('b', { db: 1 })).toBeUndefined();
    expect(world.holders('db')).toEqual(['b/t#0']);
  });

  it('gets in after a waiter that was called and never came', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    await world.ask('paused', { db: 1 });
    await world.ask('c', { db: 1 });
    await world.end('a');
    expect(await world.ask('c', { db: 1 })).toBeDefined();
    world.pass(4_000);
    expect(await world.ask('c', { db: 1 })).toBeUndefined();
  });

  it('leaves what it took and never used after a while', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.take('a', { db: 1 });
    await world.settle('db');
    expect(world.holders('db')).toEqual(['a/t#0']);
    world.pass(31_000);
    await world.settle('db');
    expect(world.holders('db')).toEqual([]);
  });

  it('hands over to the next attempt of its own task', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    world.fail('a');
    expect(await world.ask('a', { db: 1 })).toBeUndefined();
    expect(world.holders('db')).toEqual(['a/t#1']);
  });

  it('keeps what it holds of a Semaphore that is made anew under its name', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    world.create('db', { permits: 1 });
    expect(await world.ask('b', { db: 1 })).toBeDefined();
    await world.settle('db');
    expect(world.holders('db')).toEqual(['a/t#0']);
  });

  it('gives them back also when the write that says so meets another one', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    world.fault('stale');
    await world.end('a');
    expect(world.holders('db')).toEqual([]);
  });

  it('gets in before the items above it, which the state would not know', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    await Promise.all(['f[1]', 'f[0]'].map((name) => world.ask(name, { db: 1 })));
    await world.end('a');
    expect(await world.ask('f[1]', { db: 1 })).toBeDefined();
    expect(await world.ask('f[0]', { db: 1 })).toBeUndefined();
  });

  it('gets what an item above it holds that the state never heard of, once the pod of that has ended', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('f[1]', { db: 1 });
    expect(await world.ask('f[0]', { db: 1 })).toBeDefined();
    world.over('f[1]');
    expect(await world.ask('f[0]', { db: 1 })).toBeDefined();
    world.pass(6_000);
    expect(await world.ask('f[1]', { db: 1 })).toBeUndefined();
    expect(await world.ask('f[0]', { db: 1 })).toBeUndefined();
    expect(world.holders('db')).toEqual(['f/t[0]#0']);
  });

  it('counts for its rate also after a restart', async () => {
    const world = new World({ api: { permits: 10, rate: { count: 2, per: '1m' } } });
    for (const name of ['a', 'b']) await world.ask(name, { api: 1 });
    world.crash();
    expect(message(await world.ask('c', { api: 1 }))).toContain('the rate limit is 2 per 1m; next at');
    world.pass(30_000);
    expect(await world.ask('c', { api: 1 })).toBeUndefined();
    expect(await world.ask('d', { api: 1 })).toBeDefined();
  });

  it('keeps a thousand holders apart, and lets no further in', async () => {
    const world = new World({ db: { permits: 10_000 } });
    const names = Array.from({ length: 1_001 }, (_, index) => `r${index}`);
    const answers = await Promise.all(names.map((name) => world.ask(name, { db: 1 })));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1_000);
    world.crash();
    expect(await world.ask('late', { db: 1 })).toBeDefined();
    expect(world.holders('db')).toHaveLength(1_000);
  });
});

type Step =
  | { do: 'ask' | 'take' | 'end' | 'fail' | 'terminate'; who: number }
  | { do: 'askAll' | 'crash' | 'settle' }
  | { do: 'fault'; how: 'before' | 'after' | 'stale' }
  | { do: 'pass'; ms: number };

const WANTS: readonly Record<string, number>[] = [
  { x: 1 },
  { x: 2 },
  { y: 1 },
  { x: 1, y: 1 },
  { x: 1, y: 2 },
  { z: 1 },
];
/** Four of them are the items of a fan-out. */
const nameOf = (who: number) => (who < 8 ? `r${who}` : `f[${who - 8}]`);
const wantsOf = (who: number) => WANTS[who < 8 ? who % WANTS.length : 3] ?? {};

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), who: fc.nat(11) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('take', 'end', 'fail', 'terminate'), who: fc.nat(11) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('askAll', 'crash', 'settle') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('fault' as const), how: fc.constantFrom('before', 'after', 'stale') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 100, max: 40_000 }) }) },
) as fc.Arbitrary<Step>;

async function carryOut(world: World, it: Step): Promise<void> {
  if (it.do === 'fault') world.fault(it.how);
  if (it.do === 'pass') world.pass(it.ms);
  if (it.do === 'crash') world.crash();
  if (it.do === 'settle') await world.settleAll();
  if (it.do === 'askAll')
    await Promise.all(Array.from({ length: 12 }, (_, who) => world.tryAsk(nameOf(who), wantsOf(who))));
  if (!('who' in it)) return;
  const name = nameOf(it.who);
  if (it.do === 'ask') await world.tryAsk(name, wantsOf(it.who));
  if (it.do === 'take') await world.tryTake(name, wantsOf(it.who));
  if (it.do === 'end') world.over(name);
  if (it.do === 'fail') world.fail(name);
  if (it.do === 'terminate') world.terminate(name);
}

describe('locks', () => {
  it('are never held twice and never lost, whatever is killed, ended, retried or unreachable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const world = new World({
          x: { permits: 2 },
          y: { permits: 2 },
          z: { permits: 1, rate: { count: 1, per: '10s' } },
        });
        for (const each of steps) await carryOut(world, each);
        world.healthy();
        // Whoever still wants to, asks again every five seconds, runs for ten, and ends.
        for (let round = 0; round < 60 && !world.isQuiet(); round++) {
          await Promise.all(Array.from({ length: 12 }, (_, who) => world.tryAsk(nameOf(who), wantsOf(who))));
          if (round % 2 === 1) world.endOldest();
          world.pass(5_000);
          await world.settleAll();
        }
        expect(world.problems).toEqual([]);
        expect(world.unserved()).toEqual([]);
        expect(world.isQuiet()).toBe(true);
        world.pass(31_000);
        await world.settleAll();
        for (const name of ['x', 'y', 'z']) expect(world.holders(name)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a status that people read', () => {
  it('says how many are held and wait', async () => {
    const world = new World({ db: { permits: 1 } });
    for (const name of ['a', 'b', 'c']) await world.ask(name, { db: 1 });
    world.pass(6_000);
    await world.settle('db');
    const { status } = world.object('db') as Semaphore;
    expect(status).toMatchObject({ held: 1, waiting: 2, conditions: [{ type: 'Ready', status: 'True' }] });
  });
});

describe('a Semaphore that is deleted', () => {
  it('is forgotten when its last holder is over and nobody waits for it any more', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    await world.ask('b', { db: 1 });
    world.remove('db');
    expect(await world.settle('db')).toBe(30_000);
    world.over('a');
    world.terminate('b');
    expect(await world.settle('db')).toBeUndefined();
    expect(world.remembered).toBe(0);
  });

  it('keeps its holders while they run, since one of its name may come', async () => {
    const world = new World({ db: { permits: 1 } });
    await world.ask('a', { db: 1 });
    world.remove('db');
    await world.settle('db');
    world.create('db', { permits: 1 });
    expect(await world.ask('b', { db: 1 })).toMatchObject({ reason: 'Semaphore' });
  });
});
