import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadKubeConfig } from './kubeconfig.ts';
import { PODS } from './resource.ts';
import { sendJson, sendStatus } from './testing/fake-api-server.ts';
import { harness } from './testing/set-up.ts';

const folder = mkdtempSync(join(tmpdir(), 'ado-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function kubeconfig(server: string, user: object): string {
  const file = join(folder, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

describe('a kubeconfig', () => {
  it('with a tokenFile shows what the file has now, relative to its own folder, whatever token stands beside', async () => {
    let accepted = 'first';
    await using h = await harness(
      ({ headers }, response) =>
        headers.authorization === `Bearer ${accepted}`
          ? sendJson(response, { metadata: { name: 'p' } })
          : sendStatus(response, 401, 'Unauthorized'),
      {
        configure: (config) => {
          writeFileSync(join(folder, 'token'), 'first\n');
          const { server = '' } = config.getCurrentCluster() ?? {};
          config.loadFromOptions(loadKubeConfig(kubeconfig(server, { tokenFile: 'token', token: 'old' })));
        },
      },
    );
    await h.client.get(PODS, { namespace: 'a', name: 'p' });
    accepted = 'second';
    writeFileSync(join(folder, 'token'), 'second');
    await h.client.get(PODS, { namespace: 'a', name: 'p' });
    expect(h.server.requests.map(({ headers }) => headers.authorization)).toEqual(
      ['first', 'first', 'second'].map((token) => `Bearer ${token}`),
    );
  });

  it('without one is left as it is', () => {
    const config = loadKubeConfig(kubeconfig('https://example.test', { token: 'secret' }));
    expect(config.getCurrentUser()).toMatchObject({ name: 'u', token: 'secret' });
  });
});
