import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics, silentLogger } from '../telemetry/index.ts';
import { Controller, type ControllerOptions, type Reconcile } from './controller.ts';
import { ApiError } from './errors.ts';
import { TerminalError, WaitingError } from './reconcile-error.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

const running: { controller: Controller; clock: FakeClock }[] = [];
afterEach(async () => {
  for (const { controller, clock } of running.splice(0)) {
    const stopped = controller.stop();
    await clock.advance(1000);
    await stopped;
  }
});

function setUp(reconcile: Reconcile, options: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics({ process: false });
  const controller = new Controller({
    name: 'test',
    reconcile,
    logger: silentLogger(),
    metrics,
    clock,
    queue: { random: () => 1 },
    ...options,
  });
  running.push({ controller, clock });
  controller.start();
  return { clock, metrics, controller };
}

describe('Controller', () => {
  it('comes back after requeueAfter, and not before', async () => {
    let calls = 0;
    const { clock, controller } = setUp(async () => (++calls === 1 ? { requeueAfter: 1000 } : {}));
    controller.queue.add('a/x');
    await clock.advance(999);
    expect(calls).toBe(1);
    await clock.advance(1);
    expect(calls).toBe(2);
    await clock.advance(100_000);
    expect(calls).toBe(2);
  });

  it('comes back at once when asked to', async () => {
    let calls = 0;
    const { controller } = setUp(async () => (++calls < 3 ? { requeue: true } : {}));
    controller.queue.add('a/x');
    await settle();
    await settle();
    expect(calls).toBe(3);
  });

  it('retries an error with growing delays until it succeeds, then forgets it', async () => {
    const times: number[] = [];
    const { clock, controller, metrics } = setUp(async () => {
      times.push(clock.monotonic());
      if (times.length < 4) throw new Error('not yet');
      return {};
    });
    controller.queue.add('a/x');
    await clock.advance(1000);
    expect(times).toEqual([0, 5, 15, 35]);
    expect(controller.queue.failuresOf('a/x')).toBe(0);
    expect(await metrics.scrape()).toContain('controller_runtime_reconcile_errors_total{controller="test"} 3');
  });

  it('does not retry a terminal error until the next event', async () => {
    let calls = 0;
    const { clock, controller, metrics } = setUp(async () => {
      calls++;
      throw new TerminalError('InvalidSpec', 'spec.tasks is empty; add a task');
    });
    controller.queue.add('a/x');
    await clock.advance(3_600_000);
    expect(calls).toBe(1);
    controller.queue.add('a/x');
    await clock.advance(100);
    expect(calls).toBe(2);
    expect(await metrics.scrape()).toContain('controller_runtime_terminal_reconcile_errors_total{controller="test"} 2');
  });

  it('takes waiting as no error', async () => {
    let calls = 0;
    const { clock, controller, metrics } = setUp(async () => {
      calls++;
      throw new WaitingError('PodPending', 'the pod waits for a node', 500);
    });
    controller.queue.add('a/x');
    await clock.advance(1400);
    expect(calls).toBe(3);
    expect(await metrics.scrape()).toContain('controller_runtime_reconcile_errors_total{controller="test"} 0');
  });

  it('takes a conflict as a requeue with backoff', async () => {
    let calls = 0;
    const { clock, controller, metrics } = setUp(async () => {
      if (++calls === 1) throw new ApiError(409, { reason: 'Conflict' });
      return {};
    });
    controller.queue.add('a/x');
    await clock.advance(100);
    expect(calls).toBe(2);
    const text = await metrics.scrape();
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="requeue"} 1');
    expect(text).toContain('controller_runtime_reconcile_errors_total{controller="test"} 0');
  });

  it('counts a programming error as a panic, and goes on', async () => {
    let calls = 0;
    const { clock, controller, metrics } = setUp(async () => {
      if (++calls === 1) throw new TypeError('undefined is not a function');
      return {};
    });
    controller.queue.add('a/x');
    await clock.advance(100);
    expect(calls).toBe(2);
    expect(await metrics.scrape()).toContain('controller_runtime_reconcile_panics_total{controller="test"} 1');
  });

  it('survives a reconcile that throws before its first await', async () => {
    let calls = 0;
    const { clock, controller } = setUp(() => {
      if (++calls === 1) throw new Error('synchronous');
      return Promise.resolve({});
    });
    controller.queue.add('a/x');
    await clock.advance(100);
    expect(calls).toBe(2);
  });

  it('runs no more than its concurrency, and never one key twice', async () => {
    let now = 0;
    let most = 0;
    const keys = new Set<string>();
    const { clock, controller } = setUp(
      async (key) => {
        expect(keys.has(key)).toBe(false);
        keys.add(key);
        most = Math.max(most, ++now);
        await clock.sleep(50);
        now--;
        keys.delete(key);
        return {};
      },
      { concurrency: 3 },
    );
    for (let i = 0; i < 10; i++) controller.queue.add(`a/${i}`);
    for (let i = 0; i < 20; i++) {
      controller.queue.add('a/3');
      await clock.advance(20);
    }
    expect(most).toBe(3);
  });

  it('aborts the signal of a reconcile whose time is up, and counts it', async () => {
    const { clock, controller, metrics } = setUp(
      async (_key, context) => {
        await clock.sleep(1e9, context.signal);
        return {};
      },
      { timeoutMs: 100 },
    );
    controller.queue.add('a/x');
    await clock.advance(100);
    expect(await metrics.scrape()).toContain('controller_runtime_reconcile_timeouts_total{controller="test"} 1');
    expect(controller.queue.failuresOf('a/x')).toBe(1);
  });

  it('lets running reconciles end when it stops, and takes no more', async () => {
    const ended: string[] = [];
    const { clock, controller } = setUp(
      async (key) => {
        await clock.sleep(50);
        ended.push(key);
        return {};
      },
      { concurrency: 1 },
    );
    controller.queue.add('a/first');
    controller.queue.add('a/second');
    await settle();
    const stopping = controller.stop(1000);
    await clock.advance(200);
    await stopping;
    expect(ended).toEqual(['a/first']);
  });

  it('aborts reconciles that outlast the grace of a stop', async () => {
    let aborted = false;
    const { clock, controller } = setUp(async (_key, context) => {
      await clock.sleep(1e9, context.signal).catch((error) => {
        aborted = true;
        throw error;
      });
      return {};
    });
    controller.queue.add('a/x');
    await settle();
    const stopping = controller.stop(1000);
    await clock.advance(1000);
    await stopping;
    expect(aborted).toBe(true);
    expect(clock.timers).toBe(0);
  });
});
