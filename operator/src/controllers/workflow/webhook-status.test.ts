import { describe, expect, it } from 'vitest';
import type { Workflow } from '../../api/index.ts';
import { webhookStatuses } from './webhook-status.ts';

const auth = { token: { secretKeyRef: { name: 'hook', key: 'secret' } } };
const workflow = (names: readonly string[], status?: Workflow['status']): Workflow => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'release', namespace: 'shop' },
  spec: { tasks: [], triggers: { webhooks: names.map((name) => ({ name, auth })) } },
  ...(status ? { status } : {}),
});

describe('the webhooks of a Workflow', () => {
  it('say where they are, and what keeps each from taking requests', async () => {
    const asked: string[] = [];
    const ask = async (namespace: string, { secretKeyRef }: typeof auth.token) => {
      asked.push(`${namespace}/${secretKeyRef.name}`);
      return asked.length === 1 ? 'there is no Secret' : undefined;
    };
    expect(await webhookStatuses(workflow(['push', 'pull']), ask)).toEqual([
      { name: 'push', path: '/hooks/shop/release/push', message: 'there is no Secret' },
      { name: 'pull', path: '/hooks/shop/release/pull' },
    ]);
    expect(asked).toEqual(['shop/hook', 'shop/hook']);
  });

  it('are nowhere where the operator takes none, and nothing where there are none', async () => {
    const [status] = (await webhookStatuses(workflow(['push']), undefined)) ?? [];
    expect(status?.message).toContain('start it with --hooks-address');
    expect(await webhookStatuses(workflow([]), undefined)).toBeUndefined();
  });

  it('say what they said before where the API server gives no answer', async () => {
    const webhooks = [{ name: 'push', path: '/hooks/shop/release/push', message: 'there is no Secret' }];
    const ask = () => Promise.reject(new Error('no answer'));
    expect(await webhookStatuses(workflow(['push'], { webhooks }), ask)).toEqual(webhooks);
  });
});
