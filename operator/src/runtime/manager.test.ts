import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics, silentLogger } from '../telemetry/index.ts';
import type { LeaderElector } from './leader.ts';
import { Manager, type ManagerOptions } from './manager.ts';
import { PODS } from './resource.ts';
import { until } from './testing/until.ts';

const managers: Manager[] = [];
afterEach(() => {
  for (const manager of managers.splice(0)) manager.stop();
});

/** Parts that note what happens to them, in one log. */
function parts(options: Partial<ManagerOptions> = {}) {
  const log: string[] = [];
  const metrics = createMetrics({ process: false });
  const manager = new Manager({ logger: silentLogger(), metrics, drainMs: 200, ...options });
  managers.push(manager);
  const source = (name: string) => {
    const synced = Promise.withResolvers<void>();
    const state = { hasSynced: false };
    manager.addSource({
      name,
      type: PODS,
      get hasSynced() {
        return state.hasSynced;
      },
      synced: synced.promise,
      run: (signal) => {
        log.push(`${name} runs`);
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            log.push(`${name} ends`);
            resolve();
          }),
        );
      },
    });
    return () => {
      state.hasSynced = true;
      log.push(`${name} synced`);
      synced.resolve();
    };
  };
  const worker = (name: string, stop: (graceMs: number) => Promise<void> = async () => undefined) =>
    manager.addWorker({
      name,
      start: () => void log.push(`${name} starts`),
      stop: async (graceMs) => {
        log.push(`${name} stops ${graceMs}`);
        await stop(graceMs);
        log.push(`${name} stopped`);
      },
    });
  return { log, manager, source, worker };
}

function fakeElector(log: string[]) {
  const lost = Promise.withResolvers<boolean>();
  const won = Promise.withResolvers<void>();
  const elector = {
    isLeader: () => true,
    acquire: () => won.promise.then(() => void log.push('acquired')),
    hold: (signal: AbortSignal) => {
      signal.addEventListener('abort', () => lost.resolve(false));
      return lost.promise;
    },
    release: async () => void log.push('released'),
  };
  return { elector: elector as unknown as LeaderElector, win: won.resolve, lose: () => lost.resolve(true) };
}

describe('Manager', () => {
  it('starts sources, waits for all, leads, and only then starts workers; and stops in the other order', async () => {
    const log: string[] = [];
    const { elector, win } = fakeElector(log);
    const made = parts({ elector });
    made.log.push = log.push.bind(log) as never;
    const one = made.source('one');
    const two = made.source('two');
    made.worker('work');
    made.manager.beforeRelease(async (graceMs) => void log.push(`finishes ${graceMs}`));
    made.manager.beforeRelease(() => Promise.reject(new Error('cannot finish')));
    const ended = made.manager.run();
    await until('sources run', () => log.length === 2);
    one();
    await new Promise((resolve) => setImmediate(resolve));
    win();
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).not.toContain('acquired');
    two();
    await made.manager.started;
    made.manager.stop();
    expect(await ended).toBe('Stopped');
    expect(log).toEqual([
      'one runs',
      'two runs',
      'one synced',
      'two synced',
      'acquired',
      'work starts',
      'work stops 200',
      'work stopped',
      'finishes 2000',
      'released',
      'one ends',
      'two ends',
    ]);
  });

  it('gives workers no grace and leaves the lease alone when leadership is lost', async () => {
    const log: string[] = [];
    const { elector, win, lose } = fakeElector(log);
    const made = parts({ elector });
    made.worker('work');
    win();
    const ended = made.manager.run();
    await made.manager.started;
    lose();
    expect(await ended).toBe('LeadershipLost');
    expect(made.log).toEqual(['work starts', 'work stops 0', 'work stopped']);
    expect(log).toEqual(['acquired']);
  });

  it('lets listeners answer while another leads, and until the lease is handed back', async () => {
    const log: string[] = [];
    const { elector, win } = fakeElector(log);
    const made = parts({ elector });
    made.log.push = log.push.bind(log) as never;
    const sync = made.source('pods');
    made.worker('worker');
    made.manager.addListener({
      name: 'hooks',
      start: async () => void log.push('hooks listens'),
      stop: async () => void log.push('hooks ends'),
    });
    const running = made.manager.run();
    sync();
    await until('hooks listens', () => log.includes('hooks listens'));
    expect(log).not.toContain('acquired');
    win();
    await until('the worker starts', () => log.includes('worker starts'));
    made.manager.stop();
    await running;
    expect(log.slice(-3)).toEqual(['released', 'hooks ends', 'pods ends']);
  });

  it('can be stopped before its caches are complete', async () => {
    const { manager, source, log } = parts();
    source('one');
    const ended = manager.run();
    manager.stop();
    manager.stop();
    expect(await ended).toBe('Stopped');
    expect(log).toEqual(['one runs', 'one ends']);
    await expect(manager.started).rejects.toThrow('ended');
  });

  it('abandons workers that do not stop, instead of hanging', async () => {
    const { manager, worker } = parts({ drainMs: 0, abandonMs: 20 });
    worker('stuck', () => new Promise(() => undefined));
    const ended = manager.run();
    await manager.started;
    manager.stop();
    expect(await ended).toBe('Stopped');
  });

  it('fails when a worker cannot start, after ending what had started', async () => {
    const { manager, worker, log } = parts();
    worker('good');
    manager.addWorker({
      name: 'bad',
      start: () => Promise.reject(new Error('port taken')),
      stop: async () => undefined,
    });
    await expect(manager.run()).rejects.toThrow('port taken');
    expect(log).toEqual(['good starts', 'good stops 200', 'good stopped']);
  });

  it('takes nothing in once it runs', async () => {
    const { manager, worker } = parts();
    void manager.run();
    expect(() => worker('late')).toThrow('runs already');
    await expect(manager.run()).rejects.toThrow('runs already');
  });

  it('serves liveness, readiness and metrics, and is ready when the caches are complete', async () => {
    const { manager, source } = parts({ health: { port: 0 } });
    const sync = source('pods');
    manager.addReadyCheck({ name: 'own', check: () => undefined });
    const ended = manager.run();
    await until('health is served', () => manager.healthPort !== undefined);
    const get = (path: string, method = 'GET') =>
      fetch(`http://127.0.0.1:${manager.healthPort}${path}`, { method }).then(async (response) => ({
        status: response.status,
        type: response.headers.get('content-type'),
        text: await response.text(),
      }));
    expect(await get('/livez')).toMatchObject({ status: 200 });
    const early = await get('/readyz?verbose');
    expect(early.status).toBe(503);
    expect(early.text).toContain('[-] caches: not complete yet: pods');
    sync();
    await manager.started;
    const late = await get('/readyz');
    expect(late.status).toBe(200);
    expect(late.text).toBe('[+] caches\n[+] own\nok\n');
    const metrics = await get('/metrics');
    expect(metrics.type).toContain('text/plain; version=0.0.4');
    expect(metrics.text).toContain('ado_runs_active 0');
    expect((await get('/')).status).toBe(404);
    expect((await get('/livez', 'POST')).status).toBe(405);
    manager.stop();
    await ended;
    await expect(get('/livez')).rejects.toThrow();
  });

  it('says that it is not alive when it works without leading', async () => {
    const log: string[] = [];
    const { elector, win } = fakeElector(log);
    let leads = true;
    const { manager, worker } = parts({
      elector: Object.assign(elector, { isLeader: () => leads }),
      health: { port: 0 },
    });
    worker('work');
    win();
    void manager.run();
    await manager.started;
    leads = false;
    const response = await fetch(`http://127.0.0.1:${manager.healthPort}/livez`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('[-] leadership: lost');
  });
});
