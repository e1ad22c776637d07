import { describe, expect, it } from 'vitest';
import { type Pod, podName } from '../pods/index.ts';
import { type KubeClient, realClock, Store } from '../runtime/index.ts';
import { PODS_BY_RUN_UID, PodExecutor } from './pod-executor.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };

describe('cancelling an attempt', () => {
  it('ends its pod also while the cache has not seen it yet', async () => {
    const deleted: unknown[] = [];
    const client = { delete: async (...call: unknown[]) => void deleted.push(call[1], call[2]) };
    const executor = new PodExecutor({
      client: client as unknown as KubeClient,
      pods: new Store<Pod>({ indexes: { [PODS_BY_RUN_UID]: () => [] } }),
      clock: realClock,
      deletes: () => false,
    });
    await executor.cancel(run, { path: 'a', attempt: 0 }, 1);
    expect(deleted).toMatchObject([{ name: podName('r', 'u', 'a', 0), namespace: 'n' }, { gracePeriodSeconds: 1 }]);
  });
});
