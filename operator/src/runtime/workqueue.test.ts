import { describe, expect, it } from 'vitest';
import { createMetrics } from '../telemetry/index.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { Workqueue, type WorkqueueOptions } from './workqueue.ts';

function setUp(options: Partial<WorkqueueOptions> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics({ process: false });
  const queue = new Workqueue({ name: 'test', metrics, clock, random: () => 1, ...options });
  return { clock, metrics, queue };
}

/** Takes without waiting: what a worker would get right now. */
async function takeNow(queue: Workqueue): Promise<string | undefined> {
  return queue.depth > 0 ? queue.take() : undefined;
}

describe('Workqueue', () => {
  it('gives a quiet key out at once', async () => {
    const { queue } = setUp();
    const taken = queue.take();
    queue.add('a/b');
    expect(await taken).toBe('a/b');
  });

  it('holds a key once, however often it is added', async () => {
    const { queue } = setUp();
    for (let i = 0; i < 5; i++) queue.add('k');
    expect(queue.depth).toBe(1);
    await queue.take();
    expect(queue.depth).toBe(0);
  });

  it('never gives a key to two workers, and brings it back when it was added meanwhile', async () => {
    const { clock, queue } = setUp();
    queue.add('k');
    await queue.take();
    queue.add('k');
    queue.add('k');
    expect(await takeNow(queue)).toBeUndefined();
    queue.done('k');
    await clock.advance(10);
    expect(await takeNow(queue)).toBe('k');
    queue.done('k');
    await clock.advance(1000);
    expect(await takeNow(queue)).toBeUndefined();
  });

  it('makes one turn of what is added within the window after a turn', async () => {
    const { clock, queue } = setUp({ coalesceMinMs: 10 });
    queue.add('k');
    queue.done((await queue.take()) ?? '');
    await clock.advance(3);
    queue.add('k');
    queue.add('k');
    expect(await takeNow(queue)).toBeUndefined();
    await clock.advance(6);
    expect(await takeNow(queue)).toBeUndefined();
    await clock.advance(1);
    expect(await takeNow(queue)).toBe('k');
  });

  it('widens the window with the queue, up to its limit', async () => {
    const { clock, queue } = setUp({ coalesceMinMs: 10, coalesceMaxMs: 50 });
    queue.add('k');
    await queue.take();
    for (let i = 0; i < 500; i++) queue.add(`other-${i}`, 'resync');
    queue.done('k');
    queue.add('k');
    await clock.advance(49);
    expect(await takeNow(queue)).toBe('other-0');
    await clock.advance(1);
    expect(await takeNow(queue)).toBe('k');
  });

  it('comes back without the window when the turn itself asks for another', async () => {
    const { queue } = setUp();
    queue.add('k');
    await queue.take();
    queue.addAgain('k');
    queue.done('k');
    expect(await takeNow(queue)).toBe('k');
  });

  it('gives running work out before resync, and lifts a key that becomes running', async () => {
    const { queue } = setUp();
    queue.add('idle', 'resync');
    queue.add('lifted', 'resync');
    queue.add('busy');
    queue.add('lifted', 'running');
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['busy', 'lifted', 'idle']);
  });

  it('gives what has not begun out after running work and before resync, and lifts it as soon as it runs', async () => {
    const { queue } = setUp();
    for (const key of ['seen', 'later']) queue.add(key, 'resync');
    for (const key of ['new', 'begun', 'again']) queue.add(key, 'new');
    queue.add('later', 'new');
    queue.add('begun', 'running');
    queue.add('again', 'resync');
    queue.add('busy', 'running');
    const order = await Promise.all(Array.from({ length: 6 }, () => queue.take()));
    expect(order).toEqual(['begun', 'busy', 'new', 'again', 'later', 'seen']);
  });

  it('backs off per key, doubles up to the cap, and starts over after forget', () => {
    const { queue } = setUp({ backoffBaseMs: 5, backoffCapMs: 60_000 });
    const delays = Array.from({ length: 16 }, () => queue.addRateLimited('k'));
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.at(-1)).toBe(60_000);
    expect(queue.addRateLimited('other')).toBe(5);
    queue.forget('k');
    expect(queue.addRateLimited('k')).toBe(5);
  });

  it('spreads retries below the full delay', () => {
    const { queue } = setUp({ backoffBaseMs: 100, random: () => 0 });
    expect(queue.addRateLimited('k')).toBe(80);
  });

  it('lets the earliest of several delays count', async () => {
    const { clock, queue } = setUp();
    queue.addAfter('k', 500);
    queue.addAfter('k', 100);
    queue.addAfter('k', 900);
    await clock.advance(99);
    expect(await takeNow(queue)).toBeUndefined();
    await clock.advance(1);
    expect(await takeNow(queue)).toBe('k');
    queue.done('k');
    await clock.advance(1000);
    expect(await takeNow(queue)).toBeUndefined();
  });

  it('drops the delay of a key that an event brought in earlier', async () => {
    const { clock, queue } = setUp();
    queue.addAfter('k', 100);
    queue.add('k');
    queue.done((await queue.take()) ?? '');
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('keeps delays beyond the limit of timers, instead of firing at once', async () => {
    const { clock, queue } = setUp();
    const year = 365 * 24 * 3600 * 1000;
    queue.addAfter('k', year);
    await clock.advance(year - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });

  it('takes a delay that is not a number as none', () => {
    const { queue } = setUp();
    queue.addAfter('k', Number.NaN);
    expect(queue.depth).toBe(1);
  });

  it('gives nothing out after a shutdown and waits for what is out', async () => {
    const { queue } = setUp();
    queue.add('out');
    queue.add('in');
    await queue.take();
    const waiting = [queue.take(), queue.take()];
    expect(await waiting[0]).toBe('in');
    let drained = false;
    const draining = queue.drain().then(() => {
      drained = true;
    });
    expect(await waiting[1]).toBeUndefined();
    queue.add('late');
    expect(await queue.take()).toBeUndefined();
    queue.done('out');
    await Promise.resolve();
    expect(drained).toBe(false);
    queue.done('in');
    await draining;
    expect(drained).toBe(true);
  });

  it('does not remember keys that had their turn long ago', async () => {
    const { clock, queue } = setUp();
    for (let i = 0; i < 1000; i++) {
      queue.add(`k${i}`);
      queue.done((await queue.take()) ?? '');
    }
    await clock.advance(1000);
    queue.add('last');
    queue.done((await queue.take()) ?? '');
    expect((queue as unknown as { cooling: Map<string, number> }).cooling.size).toBe(1);
  });

  it('tells its depth, adds, retries and times under the Go names', async () => {
    const { clock, metrics, queue } = setUp();
    expect(await metrics.scrape()).toContain('workqueue_adds_total{name="test"} 0');
    queue.add('a');
    queue.add('b');
    queue.addRateLimited('c');
    await queue.take();
    await clock.advance(2000);
    const text = await metrics.scrape();
    expect(text).toContain('workqueue_depth{name="test"} 2');
    expect(text).toContain('workqueue_adds_total{name="test"} 3');
    expect(text).toContain('workqueue_retries_total{name="test"} 1');
    expect(text).toContain('workqueue_longest_running_processor_seconds{name="test"} 2');
  });
});
