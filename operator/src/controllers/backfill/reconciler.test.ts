import { describe, expect, it } from 'vitest';
import { type Backfill, UNATTESTED, type Workflow } from '../../api/index.ts';
import { type KubeClient, realClock } from '../../runtime/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { createStores } from '../stores/stores.ts';
import { testProofs } from '../testing/proofs.ts';
import { type BackfillDeps, BackfillReconciler } from './reconciler.ts';

const context = { logger: silentLogger(), reconcileId: '', signal: new AbortController().signal };
const workflow: Workflow = {
  ...{ apiVersion: '', kind: '', metadata: { name: 'w', namespace: 'n', uid: 'w' }, spec: { tasks: [] } },
  status: { definition: { digest: 'd', revision: 'w-d' } },
};
const backfill = (name: string): Backfill => ({
  ...{ apiVersion: '', kind: '', metadata: { name, namespace: 'n', uid: name, resourceVersion: '1' } },
  spec: {
    ...{ workflow: 'w', schedule: 's', desiredState: 'Paused', concurrency: 1 },
    ...{ from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' },
  },
  status: { plan: JSON.stringify({ name: 's', cron: '0 * * * *' }) },
});

describe('the controller of Backfills', () => {
  it('remembers nothing of Backfills that have ended or are gone', async () => {
    const stores = createStores(false);
    stores.workflows.put({ key: 'n/w', uid: 'w', resourceVersion: '1', value: workflow });
    const client = {
      get: async (_type: unknown, { name }: { name: string }) => backfill(name),
      patch: async () => ({}),
    };
    const reconciler = new BackfillReconciler({
      ...{ client: client as unknown as KubeClient, stores, clock: realClock, recorder: { event: () => undefined } },
      ...{ attests: UNATTESTED, proves: testProofs() },
    } as unknown as BackfillDeps);
    const names = ['a', 'b'];
    for (const name of names) {
      stores.backfills.put({ key: `n/${name}`, uid: name, resourceVersion: '1', value: backfill(name) });
      await reconciler.reconcile(`n/${name}`, context);
    }
    expect(reconciler.size).toBe(2);
    stores.backfills.remove('n/a');
    const ended = { ...backfill('b'), status: { finishedAt: '2026-01-02T00:00:00Z' } };
    stores.backfills.put({ key: 'n/b', uid: 'b', resourceVersion: '2', value: ended });
    for (const name of names) await reconciler.reconcile(`n/${name}`, context);
    expect(reconciler.size).toBe(0);
  });
});
