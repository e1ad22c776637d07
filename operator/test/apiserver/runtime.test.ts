import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectKey } from '../../src/api/index.ts';
import {
  AdoOperator,
  CONFIG_MAPS,
  Controller,
  EVENTS,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  isPatchMismatch,
  KubeClient,
  type KubeObject,
  KubeRecorder,
  LEASES,
  LeaderElector,
  Manager,
  NAMESPACES,
  Reflector,
  type ReflectorOptions,
} from '../../src/runtime/index.ts';
import { until } from '../../src/runtime/testing/until.ts';
import { createMetrics, silentLogger } from '../../src/telemetry/index.ts';
import { useApiServer } from '../support/control-plane.ts';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

const api = useApiServer();
const logger = silentLogger();
const metrics = createMetrics({ process: false });
const config = new KubeConfig();
let client: KubeClient;

beforeAll(async () => {
  config.loadFromFile(api.kubeconfig);
  client = new KubeClient({ config, logger, metrics });
});
afterAll(() => client.close());

async function namespace(name: string): Promise<string> {
  await client.create(NAMESPACES, { metadata: { name } });
  return name;
}

const configMap = (ns: string, name: string, value: string): ConfigMap => ({
  metadata: { name, namespace: ns },
  data: { value },
});

const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A reflector of the values in a namespace, and what it asked for. */
function reflectValues(ns: string, options: Partial<ReflectorOptions<string>> = {}) {
  const asked = { lists: 0, watches: [] as string[] };
  const observed = Object.create(client) as KubeClient;
  observed.list = (type, query, call) => {
    asked.lists++;
    return client.list(type, query, call);
  };
  observed.watch = (type, query, call) => {
    asked.watches.push(query.resourceVersion);
    return client.watch(type, query, call);
  };
  const reflector = new Reflector<string>({
    client: observed,
    type: CONFIG_MAPS,
    namespaces: [ns],
    fieldSelector: 'metadata.name!=kube-root-ca.crt',
    decode: (object) => (object as ConfigMap).data?.value ?? '',
    logger,
    metrics,
    name: `configmaps-${ns}`,
    ...options,
  });
  const log: string[] = [];
  reflector.store.subscribe({
    added: (key, value) => log.push(`+${key}:${value}`),
    updated: (key, value) => log.push(`~${key}:${value}`),
    deleted: (key, value) => log.push(`-${key}:${value}`),
  });
  const abort = new AbortController();
  const running = reflector.run(abort.signal);
  const end = async () => {
    abort.abort();
    await running;
  };
  return { reflector, log, asked, [Symbol.asyncDispose]: end };
}

describe('the runtime on a real API server', () => {
  it('lists in pages and follows changes, a deletion and a new object under the old name', async () => {
    const ns = await namespace('follow');
    for (let i = 0; i < 12; i++) await client.create(CONFIG_MAPS, configMap(ns, `c${i}`, 'one'));
    await using r = reflectValues(ns, { pageLimit: 5 });
    await r.reflector.synced;
    expect(r.reflector.store.size).toBe(12);
    expect(r.asked.lists).toBe(3);
    const ref = { namespace: ns, name: 'c3' };
    await client.patch(CONFIG_MAPS, ref, { kind: 'merge', body: { data: { value: 'two' } } });
    await client.delete(CONFIG_MAPS, ref);
    await client.create(CONFIG_MAPS, configMap(ns, 'c3', 'three'));
    await until('all of it arrived', () => r.log.length === 15);
    expect(r.log.slice(12)).toEqual(['~follow/c3:two', '-follow/c3:two', '+follow/c3:three']);
    expect(r.asked.lists).toBe(3);
  });

  it('goes on from the version of a bookmark after the watch has ended, without listing again', async () => {
    const ns = await namespace('bookmark');
    const elsewhere = await namespace('elsewhere');
    await using r = reflectValues(ns, { watchTimeoutSeconds: { min: 4, max: 4 } });
    await r.reflector.synced;
    for (let i = 0; i < 5; i++) await client.create(CONFIG_MAPS, configMap(elsewhere, `c${i}`, 'one'));
    await until('the watch was started again', () => r.asked.watches.length === 2, 20_000);
    expect(r.log).toEqual([]);
    expect(r.asked.watches[1]).not.toBe(r.asked.watches[0]);
    await client.create(CONFIG_MAPS, configMap(ns, 'late', 'one'));
    await until('the second watch delivers', () => r.log.length === 1);
    expect(r.asked.lists).toBe(1);
  });

  it('tells the errors of the API by their predicates', async () => {
    const ns = await namespace('errors');
    const ref = { namespace: ns, name: 'c' };
    expect(isNotFound(await thrown(client.get(CONFIG_MAPS, ref)))).toBe(true);
    const made = await client.create<ConfigMap>(CONFIG_MAPS, configMap(ns, 'c', 'one'));
    expect(isAlreadyExists(await thrown(client.create(CONFIG_MAPS, configMap(ns, 'c', 'one'))))).toBe(true);
    const test = { kind: 'json', operations: [{ op: 'test', path: '/data/value', value: 'two' }] } as const;
    const mismatch = await thrown(client.patch(CONFIG_MAPS, ref, test));
    expect([isPatchMismatch(mismatch), isInvalid(mismatch)]).toEqual([true, false]);
    const gone = { kind: 'json', operations: [{ op: 'remove', path: '/data/nothing' }] } as const;
    expect(isPatchMismatch(await thrown(client.patch(CONFIG_MAPS, ref, gone)))).toBe(true);
    const wrong = { kind: 'json', operations: [{ op: 'add', path: '/data/no key', value: 'x' }] } as const;
    const rejection = await thrown(client.patch(CONFIG_MAPS, ref, wrong));
    expect([isPatchMismatch(rejection), isInvalid(rejection)]).toEqual([false, true]);
    const stale = { ...made, metadata: { ...made.metadata, resourceVersion: '1' } };
    expect(isConflict(await thrown(client.replace(CONFIG_MAPS, stale)))).toBe(true);
    const other = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
    expect(isConflict(await thrown(client.delete(CONFIG_MAPS, ref, other)))).toBe(true);
    await client.delete(CONFIG_MAPS, ref, { dryRun: true });
    const unknown = { kind: 'apply', object: { apiVersion: 'v1', kind: 'ConfigMap', data: {}, extra: 1 } } as const;
    await expect(client.patch(CONFIG_MAPS, ref, unknown)).rejects.toThrow('extra');
    const applied = {
      kind: 'apply',
      force: true,
      object: { apiVersion: 'v1', kind: 'ConfigMap', data: { value: 'two' } },
    };
    expect((await client.patch<ConfigMap>(CONFIG_MAPS, ref, applied as never)).data?.value).toBe('two');
  });

  it('elects one leader, and a standby takes over from a silent one and from one that releases', async () => {
    const ns = await namespace('leases');
    const times = { leaseMs: 2000, renewDeadlineMs: 1300, retryMs: 260 };
    const candidate = (identity: string) => {
      const elector = new LeaderElector({ client, logger, metrics, namespace: ns, name: 'l', identity, ...times });
      const abort = new AbortController();
      const ended = elector
        .acquire(abort.signal)
        .then(() => elector.hold(abort.signal))
        .catch(() => false);
      return { elector, abort, ended };
    };
    const one = candidate('one');
    await until('one leads', () => one.elector.isLeader());
    const two = candidate('two');
    const three = candidate('three');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect([one, two, three].map(({ elector }) => elector.isLeader())).toEqual([true, false, false]);
    one.abort.abort();
    await one.ended;
    await until('a standby leads', () => two.elector.isLeader() !== three.elector.isLeader());
    expect(one.elector.isLeader()).toBe(false);
    const [leader, standby] = two.elector.isLeader() ? [two, three] : [three, two];
    leader.abort.abort();
    await leader.ended;
    const released = performance.now();
    await leader.elector.release();
    await until('the other leads', () => standby.elector.isLeader());
    expect(performance.now() - released).toBeLessThan(1500);
    const lease = await client.get<KubeObject & { spec: Record<string, unknown> }>(LEASES, {
      namespace: ns,
      name: 'l',
    });
    expect(lease.spec).toMatchObject({ holderIdentity: standby.elector.identity, leaseTransitions: 2 });
    standby.abort.abort();
    await standby.ended;
  });

  it('has its Events accepted, and counts repetitions in a series', async () => {
    const ns = await namespace('events');
    const made = await client.create<ConfigMap>(CONFIG_MAPS, configMap(ns, 'c', 'one'));
    const instance = { controller: 'flow.ado.dev/test', instance: 'test' };
    const recorder = new KubeRecorder({ client, logger, metrics, seriesPeriodMs: 50, ...instance });
    recorder.event(made, 'Warning', 'Tried', 'Try', `a long note: ${'é'.repeat(2000)}`);
    const read = async () =>
      (await client.list<KubeObject & { series?: { count: number } }>(EVENTS, { namespace: ns })).items;
    while ((await read()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    recorder.event(made, 'Warning', 'Tried', 'Try', `a long note: ${'é'.repeat(2000)}`);
    await recorder.stop(5000);
    const events = await read();
    expect(events.map((event) => event.series?.count)).toEqual([2]);
  });

  it('runs an operator in the shell of dot-i: events reach a controller, finalizers and status work, stop is clean', async () => {
    const ns = await namespace('shell');
    const manager = new Manager({ logger, metrics });
    const seen: string[] = [];
    const controller = new Controller({
      name: 'shell',
      logger,
      metrics,
      reconcile: async (key) => {
        seen.push(`${key}=${JSON.stringify(reflector.store.get(key)?.data)}`);
        return {};
      },
    });
    const reflector = new Reflector<ConfigMap>({
      client,
      type: CONFIG_MAPS,
      namespaces: [ns],
      fieldSelector: 'metadata.name!=kube-root-ca.crt',
      decode: (object) => object as ConfigMap,
      logger,
      metrics,
    });
    const types: string[] = [];
    class Shell extends AdoOperator {
      finalized: string[] = [];

      protected override async init(): Promise<void> {
        await this.watchResource('', 'v1', 'configmaps', (event) => this.finalize(event), ns);
        await super.init();
      }

      private async finalize(event: Parameters<AdoOperator['handleResourceFinalizer']>[0]): Promise<void> {
        if (event.meta.name !== 'final') return;
        await this.handleResourceFinalizer(event, 'flow.ado.dev/test', async (gone) => {
          this.finalized.push(gone.meta.name);
        });
      }
    }
    const operator = new Shell({ kubeConfig: config, client, manager, logger, metrics });
    operator.watch(reflector, (event) => {
      types.push(`${event.type} ${event.meta.id} ${event.meta.name}`);
      controller.queue.add(objectKey(event.meta));
    });
    manager.addWorker(controller);
    await operator.start();
    await manager.started;
    await client.create(CONFIG_MAPS, configMap(ns, 'c', 'one'));
    await until('it was reconciled', () => seen.length === 1);
    await client.delete(CONFIG_MAPS, { namespace: ns, name: 'c' });
    await until('its deletion too', () => seen.length === 2);
    expect(seen).toEqual(['shell/c={"value":"one"}', 'shell/c=undefined']);
    expect(types).toEqual(['ADDED configmaps.v1 c', 'DELETED configmaps.v1 c']);
    const other = { ...configMap(ns, 'final', 'one').metadata, finalizers: ['somebody.else/theirs'] };
    await client.create(CONFIG_MAPS, { metadata: other });
    const ref = { namespace: ns, name: 'final' };
    await until('the finalizer is on', () => reflector.store.get(objectKey(ref))?.metadata.finalizers?.length === 2);
    await client.delete(CONFIG_MAPS, ref);
    await until('it is off', () => reflector.store.get(objectKey(ref))?.metadata.finalizers?.length === 1);
    expect(operator.finalized).toEqual(['final']);
    await operator.stop();
    expect(await operator.ended).toBe('Stopped');
  });
});
