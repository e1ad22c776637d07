import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../objects/index.ts';
import { createMetrics, silentLogger } from '../telemetry/index.ts';
import { type AbortedError, ApiError, ConnectionError, isAborted } from './errors.ts';
import { LeaderElector, type LeaderOptions, type LeaseClient } from './leader.ts';
import type { Lease } from './lease.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

/** One lease as an API server keeps it: a write on an older version is a conflict. */
class LeaseServer {
  lease: Lease | undefined;
  writes = 0;
  /** What becomes of a request before it is processed. */
  fault: (() => Promise<void>) | undefined;
  /** What becomes of a write after it was processed. */
  afterWrite: (() => Promise<void>) | undefined;
  private version = 0;

  client(): LeaseClient {
    return {
      get: async <T>() => {
        await this.fault?.();
        if (!this.lease) throw new ApiError(404, { reason: 'NotFound' });
        return structuredClone(this.lease) as T;
      },
      create: async <T>(_type: unknown, object: KubeObject) => {
        await this.fault?.();
        if (this.lease) throw new ApiError(409, { reason: 'AlreadyExists' });
        return this.store(object as Lease) as Promise<T>;
      },
      replace: async <T>(_type: unknown, object: KubeObject) => {
        await this.fault?.();
        if (object.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
          throw new ApiError(409, { reason: 'Conflict' });
        }
        return this.store(object as Lease) as Promise<T>;
      },
    } as LeaseClient;
  }

  private async store(object: Lease): Promise<Lease> {
    this.writes++;
    const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
    this.lease = structuredClone({ ...object, metadata });
    await this.afterWrite?.();
    return structuredClone(this.lease);
  }
}

function elector(server: LeaseServer, clock: FakeClock, identity: string, options: Partial<LeaderOptions> = {}) {
  const metrics = createMetrics({ process: false });
  const instance = new LeaderElector({
    client: server.client(),
    logger: silentLogger(),
    metrics,
    clock,
    namespace: 'ado',
    name: 'operator',
    identity,
    random: () => 0,
    ...options,
  });
  return { instance, metrics };
}

/** Runs an elector to its end; `ended` tells whether and how it did. */
function run(instance: LeaderElector) {
  const abort = new AbortController();
  const state = { ended: undefined as boolean | 'aborted' | undefined };
  const running = instance
    .acquire(abort.signal)
    .then(() => instance.hold(abort.signal))
    .then(
      (lost) => {
        state.ended = lost;
      },
      (error: AbortedError) => {
        if (!isAborted(error)) throw error;
        state.ended = 'aborted';
      },
    );
  return { abort, state, running };
}

describe('LeaderElector', () => {
  it('creates the lease and leads, renewing with microseconds and its durations', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const { instance, metrics } = elector(server, clock, 'one');
    const { abort, running } = run(instance);
    await clock.advance(60_000);
    expect(instance.isLeader()).toBe(true);
    expect(server.writes).toBeGreaterThanOrEqual(30);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(server.lease?.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(server.lease?.spec?.acquireTime).not.toBe(server.lease?.spec?.renewTime);
    expect(await metrics.scrape()).toContain('leader_election_master_status{name="operator"} 1');
    abort.abort();
    await running;
    expect(clock.timers).toBe(0);
  });

  it('lets one of several lead, and a standby take over when the leader is silent', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = elector(server, clock, 'one').instance;
    const two = elector(server, clock, 'two').instance;
    const first = run(one);
    await settle();
    const second = run(two);
    await clock.advance(30_000);
    expect([one.isLeader(), two.isLeader()]).toEqual([true, false]);
    first.abort.abort();
    await first.running;
    await clock.advance(10_000);
    expect([one.isLeader(), two.isLeader()]).toEqual([false, false]);
    await clock.advance(10_000);
    expect(two.isLeader()).toBe(true);
    expect(server.lease?.spec?.leaseTransitions).toBe(1);
    second.abort.abort();
    await second.running;
  });

  it('hands over at once when it releases', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = elector(server, clock, 'one').instance;
    const two = elector(server, clock, 'two').instance;
    const first = run(one);
    await settle();
    const second = run(two);
    await clock.advance(10_000);
    first.abort.abort();
    await first.running;
    await one.release();
    expect(one.isLeader()).toBe(false);
    await clock.advance(600);
    expect(two.isLeader()).toBe(true);
    second.abort.abort();
    await second.running;
  });

  it('leads no longer than its deadline on one renewal, counted from before the request', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const { instance } = elector(server, clock, 'one');
    server.afterWrite = () => clock.sleep(3000);
    const { abort, state, running } = run(instance);
    await clock.advance(3000);
    expect(instance.isLeader()).toBe(true);
    server.fault = async () => {
      throw new ConnectionError('ECONNREFUSED', 'down', false);
    };
    await clock.advance(6999);
    expect(instance.isLeader()).toBe(true);
    await clock.advance(1);
    expect(instance.isLeader()).toBe(false);
    await clock.advance(1);
    expect(state.ended).toBe(true);
    abort.abort();
    await running;
  });

  it('stops leading the moment it wakes from a long stop, and never leads again', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = elector(server, clock, 'one').instance;
    const { state, running } = run(one);
    await clock.advance(4000);
    const writes = server.writes;
    clock.freeze(30_000);
    expect(one.isLeader()).toBe(false);
    await clock.advance(5000);
    await running;
    expect(state.ended).toBe(true);
    expect(server.writes).toBe(writes);
    expect(one.isLeader()).toBe(false);
  });

  it('never has two leaders, however the leader is stopped and the API server fails', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => elector(server, clock, name).instance);
    const runs = all.map(run);
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    server.fault = async () => {
      const dice = random();
      if (dice < 0.1) throw new ApiError(500, { reason: 'InternalError' });
      if (dice < 0.3) await clock.sleep(random() * 6000);
    };
    server.afterWrite = async () => {
      if (random() < 0.1) throw new ConnectionError('Timeout', 'committed, but no answer came', true);
    };
    let led = 0;
    for (let i = 0; i < 600; i++) {
      await clock.advance(random() * 1500);
      const leaders = all.filter((instance) => instance.isLeader()).length;
      expect(leaders).toBeLessThanOrEqual(1);
      led += leaders;
    }
    expect(led).toBeGreaterThan(100);
    for (const { abort } of runs) abort.abort();
    await clock.advance(20_000);
    await Promise.all(runs.map(({ running }) => running));
  });

  it('goes by the time since it saw the lease change, whatever the clocks of others say', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const one = elector(server, clock, 'one').instance;
    const first = run(one);
    await settle();
    const two = elector(server, clock, 'two').instance;
    const second = run(two);
    for (const skew of [300_000, -600_000]) {
      clock.skewWall(skew);
      await clock.advance(20_000);
      expect([one.isLeader(), two.isLeader()]).toEqual([true, false]);
    }
    first.abort.abort();
    second.abort.abort();
    await Promise.all([first.running, second.running]);
  });

  it('goes on leading when a renewal was stored but its answer lost', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    const { instance } = elector(server, clock, 'one');
    const { abort, running } = run(instance);
    await clock.advance(3000);
    let lost = 0;
    server.afterWrite = async () => {
      if (lost++ < 1) throw new ConnectionError('Timeout', 'no answer', true);
    };
    await clock.advance(60_000);
    expect(lost).toBeGreaterThan(1);
    expect(instance.isLeader()).toBe(true);
    abort.abort();
    await running;
  });

  it('gives up waiting when it is told to', async () => {
    const clock = new FakeClock();
    const server = new LeaseServer();
    server.lease = { metadata: { name: 'operator' }, spec: { holderIdentity: 'other', leaseDurationSeconds: 3600 } };
    const { abort, state, running } = run(elector(server, clock, 'one').instance);
    await clock.advance(60_000);
    expect(state.ended).toBeUndefined();
    abort.abort();
    await running;
    expect(state.ended).toBe('aborted');
    expect(clock.timers).toBe(0);
  });

  it('refuses times that leave no margin', () => {
    const make = (options: Partial<LeaderOptions>) => () => elector(new LeaseServer(), new FakeClock(), 'one', options);
    expect(make({ renewDeadlineMs: 15_000 })).toThrow('renew deadline (15000 ms) < lease (15000 ms)');
    expect(make({ retryMs: 9000 })).toThrow('retry (9000 ms)');
    expect(make({ leaseMs: 2000, renewDeadlineMs: 1300, retryMs: 260 })).not.toThrow();
  });
});
