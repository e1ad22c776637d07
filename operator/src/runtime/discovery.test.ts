import { describe, expect, it } from 'vitest';
import { Discovery } from './discovery.ts';
import { sendJson, sendStatus } from './testing/fake-api-server.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { harness } from './testing/set-up.ts';

const APPS = {
  resources: [
    { name: 'deployments', kind: 'Deployment', namespaced: true },
    { name: 'deployments/scale', kind: 'Scale', namespaced: true },
  ],
};
const serving = (path: string, body: unknown) =>
  harness(
    ({ url }, response) => (url.pathname === path ? sendJson(response, body) : sendStatus(response, 404, 'NotFound')),
    { clock: new FakeClock() },
  );

describe('discovery', () => {
  it('knows the plural of a kind and its scope, and asks once', async () => {
    await using h = await serving('/apis/apps/v1', APPS);
    const discovery = new Discovery(h.client);
    const type = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true };
    expect(await discovery.typeOf('apps/v1', 'Deployment')).toEqual(type);
    expect(await discovery.typeOf('apps/v1', 'Deployment')).toEqual(type);
    expect(h.server.requests).toHaveLength(1);
    discovery.forget('apps/v1');
    await discovery.typeOf('apps/v1', 'Deployment');
    expect(h.server.requests).toHaveLength(2);
  });

  it('knows the core group by its path, and cluster-scoped kinds', async () => {
    const body = { resources: [{ name: 'namespaces', kind: 'Namespace', namespaced: false }] };
    await using h = await serving('/api/v1', body);
    const type = await new Discovery(h.client).typeOf('v1', 'Namespace');
    expect(type).toMatchObject({ group: '', plural: 'namespaces', namespaced: false });
  });

  it('asks again for what was not there, and never takes a subresource for a kind', async () => {
    await using h = await serving('/apis/apps/v1', APPS);
    const discovery = new Discovery(h.client);
    expect(await discovery.typeOf('apps/v1', 'Scale')).toBeUndefined();
    expect(await discovery.typeOf('example.org/v1', 'Thing')).toBeUndefined();
    expect(await discovery.typeOf('example.org/v1', 'Thing')).toBeUndefined();
    expect(h.server.seen('/apis/example.org/v1')).toHaveLength(2);
  });

  it('believes what it heard for ten minutes', async () => {
    const clock = new FakeClock();
    await using h = await harness((_request, response) => sendJson(response, APPS), { clock });
    const discovery = new Discovery(h.client);
    for (const minutes of [0, 9, 2]) {
      await clock.advance(minutes * 60_000);
      await discovery.typeOf('apps/v1', 'Deployment');
    }
    expect(h.server.requests).toHaveLength(2);
  });
});
