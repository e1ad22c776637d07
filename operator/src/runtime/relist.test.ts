import { describe, expect, it } from 'vitest';
import { sendStatus } from './testing/fake-api-server.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { FakeCollection } from './testing/fake-collection.ts';
import { isWatch, reflect } from './testing/reflect.ts';
import { until } from './testing/until.ts';

describe('the periodic list', () => {
  it('finds events that were lost, which are repaired and counted', async () => {
    const collection = new FakeCollection();
    collection.put('changed', 'one');
    collection.put('gone', 'one');
    await using r = await reflect((request, response) => collection.answer(request, response), { relistPeriodMs: 80 });
    await until('a watch opens', () => collection.watches.size === 1);
    collection.put('added', 'one', false);
    collection.put('changed', 'two', false);
    collection.remove('gone', false);
    await r.holds(collection);
    expect(r.log).toEqual(expect.arrayContaining(['+a/added:one', '~a/changed:two', '-a/gone:one']));
    expect(await r.metrics.scrape()).toContain('ado_informer_repaired_objects_total{resource="pods"} 3');
  });

  it('offers unchanged objects to the handlers again, without an update', async () => {
    const collection = new FakeCollection();
    collection.put('x', 'one');
    await using r = await reflect((request, response) => collection.answer(request, response), { relistPeriodMs: 40 });
    await until('two periodic lists', () => r.log.length >= 3);
    expect(r.log.slice(0, 3)).toEqual(['+a/x:one', '=a/x', '=a/x']);
  });

  it('runs beside the watch, which stays open', async () => {
    const collection = new FakeCollection();
    const clock = new FakeClock();
    const options = { clock, relistPeriodMs: 10_000, random: () => 0.5 };
    await using r = await reflect((request, response) => collection.answer(request, response), options);
    await until('a watch opens', () => collection.watches.size === 1);
    for (const lists of [2, 3]) {
      await until('the next list is planned', () => clock.timers === 1);
      await clock.advance(10_000);
      await until('everything is listed again', () => r.lists().length === lists);
    }
    collection.put('x', 'one');
    await r.holds(collection);
    expect(r.watches()).toHaveLength(1);
  });

  it('does not take an event that the watch delivers late for a missed one', async () => {
    const collection = new FakeCollection();
    const clock = new FakeClock();
    collection.put('x', 'one');
    const before = collection.currentVersion;
    const options = { clock, relistPeriodMs: 10_000, random: () => 0.5 };
    await using r = await reflect((request, response) => collection.answer(request, response), options);
    await until('a watch opens', () => collection.watches.size === 1);
    collection.put('x', 'two', false);
    collection.put('y', 'one', false);
    await until('the next list is planned', () => clock.timers === 1);
    await clock.advance(10_000);
    await until('the list waits for the watch', () => r.lists().length === 2 && clock.timers === 1);
    expect(r.content()).toEqual({ 'a/x': 'one' });
    for (const watch of collection.watches) watch.write(collection.linesAfter(before));
    await r.holds(collection);
    await clock.advance(1_000);
    expect(r.log).toEqual(['+a/x:one', '~a/x:two', '+a/y:one']);
    expect([r.lists().length, r.watches().length]).toEqual([2, 1]);
    expect(await r.metrics.scrape()).toContain('ado_informer_repaired_objects_total{resource="pods"} 0');
  });

  it('leaves the watch alone while it fails', async () => {
    const collection = new FakeCollection();
    await using r = await reflect(
      (request, response) =>
        !isWatch(request) && r?.lists().length > 1
          ? sendStatus(response, 500, 'InternalError')
          : collection.answer(request, response),
      { relistPeriodMs: 50 },
    );
    await until('periodic lists fail', () => r.lists().length >= 3);
    collection.put('x', 'one');
    await r.holds(collection);
  });
});
