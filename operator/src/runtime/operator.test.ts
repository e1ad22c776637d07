import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../objects/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { Manager } from './manager.ts';
import { AdoOperator, type ResourceEvent } from './operator.ts';
import { Reflector } from './reflector.ts';
import { PODS } from './resource.ts';
import { sendStatus } from './testing/fake-api-server.ts';
import { FakeCollection } from './testing/fake-collection.ts';
import { type Harness, harness } from './testing/set-up.ts';
import { until } from './testing/until.ts';

function shell(h: Harness) {
  const logger = silentLogger();
  const manager = new Manager({ logger, metrics: h.metrics });
  const { client, metrics } = h;
  const operator = new AdoOperator({ kubeConfig: h.server.config(), client, manager, logger, metrics });
  const reflector = new Reflector<KubeObject>({ client, metrics, logger, type: PODS, decode: (object) => object });
  return { manager, operator, reflector };
}

describe('AdoOperator', () => {
  it('tells events in the vocabulary of the shell, from our reflector', async () => {
    const collection = new FakeCollection();
    collection.put('x', 'one');
    await using h = await harness((request, response) => collection.answer(request, response));
    const { manager, operator, reflector } = shell(h);
    const events: ResourceEvent[] = [];
    operator.watch(reflector, (event) => void events.push(event));
    await operator.start();
    await manager.started;
    await until('a watch opens', () => collection.watches.size === 1);
    const version = collection.put('x', 'two');
    collection.remove('x');
    await until('three events', () => events.length === 3);
    expect(events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(events[1]?.meta).toEqual({
      id: 'pods.v1',
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'x',
      namespace: 'a',
      resourceVersion: version,
    });
    await operator.stop();
    expect(await operator.ended).toBe('Stopped');
  });

  it('goes on when a handler throws or rejects, and when watches fail: it never ends the process', async () => {
    const collection = new FakeCollection();
    let failing = true;
    await using h = await harness((request, response) =>
      failing && request.url.search.includes('watch')
        ? sendStatus(response, 500, 'InternalError')
        : collection.answer(request, response),
    );
    const { manager, operator, reflector } = shell(h);
    let calls = 0;
    operator.watch(reflector, (event) => {
      calls++;
      if (event.meta.name === 'x') throw new Error('thrown');
      return Promise.reject(new Error('rejected'));
    });
    await operator.start();
    await manager.started;
    await until('watches failed', () => h.server.seen('watch=true').length >= 3);
    failing = false;
    await until('a watch opens', () => collection.watches.size === 1);
    for (const name of ['x', 'y', 'z']) collection.put(name, 'one');
    await until('all were told', () => calls === 3);
    await operator.stop();
  });

  it('says that it was not started', async () => {
    await using h = await harness(() => undefined);
    await expect(shell(h).operator.ended).rejects.toThrow('has not been started');
  });
});
