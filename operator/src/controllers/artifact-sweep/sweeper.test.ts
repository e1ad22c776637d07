import { describe, expect, it } from 'vitest';
import { objectKey, type WorkflowRun } from '../../api/index.ts';
import type { Pod } from '../../pods/index.ts';
import { ApiError, type KubeClient, type ReconcileContext, Store } from '../../runtime/index.ts';
import { createMetrics, silentLogger } from '../../telemetry/index.ts';
import { Sweeper, type SweepSettings } from './sweeper.ts';

const STORE = { address: 's3://shelf', claim: undefined, secret: 'store', image: 'ado:1', maxBytes: 1 };
const CONTEXT: ReconcileContext = { logger: silentLogger(), reconcileId: '', signal: new AbortController().signal };

function given(settings: Partial<SweepSettings> = {}) {
  let now = 1_000_000;
  const pods = new Map<string, Pod>();
  const client = {
    get: async (_type: unknown, { name }: { name: string }) => {
      const pod = pods.get(name);
      if (!pod) throw new ApiError(404, { reason: 'NotFound' });
      return pod;
    },
    create: async (_type: unknown, pod: Pod) => void pods.set(pod.metadata.name, pod),
    delete: async (_type: unknown, { name }: { name: string }) => void pods.delete(name),
  } as unknown as KubeClient;
  const runs = new Store<WorkflowRun>();
  const run = (namespace: string, name: string) =>
    ({
      apiVersion: '',
      kind: '',
      metadata: { namespace, name, uid: `uid-of-${name}` },
      spec: {},
    }) as unknown as WorkflowRun;
  const all = [run('shop', 'a'), run('shop', 'b'), run('shops', 'c')];
  runs.replace(
    all.map((object) => ({
      key: objectKey(object.metadata),
      uid: object.metadata.uid ?? '',
      resourceVersion: '1',
      value: object,
    })),
  );
  const clock = { monotonic: () => now, now: () => now } as never;
  const deps = { client, stores: { runs, pods: new Store<Pod>() }, clock, metrics: createMetrics({ process: false }) };
  const sweeper = new Sweeper(deps, { everyMs: 600_000, store: STORE, sweepLogs: undefined, ...settings });
  return {
    sweeper,
    pods,
    pass: (ms: number) => (now += ms),
    sweep: (namespace = 'shop') => sweeper.reconcile(namespace, CONTEXT),
  };
}

describe('a sweep', () => {
  it('comes a while after a run was deleted, once for all that were, and knows the runs that are there', async () => {
    const { sweeper, pods, pass, sweep } = given();
    sweeper.noteStoring('shop');
    expect(sweeper.noteDeleted('shop')).toBe(600_000);
    expect(sweeper.noteDeleted('shop')).toBeUndefined();
    expect(await sweep()).toEqual({ requeueAfter: 600_000 });
    pass(600_000);
    expect(await sweep()).toEqual({ requeueAfter: 5_000 });
    const [pod] = pods.values();
    expect(pod?.spec.containers[0]?.command).toEqual([
      '/usr/bin/node',
      '/app/artifacts.mjs',
      'gc',
      'uid-of-a',
      'uid-of-b',
    ]);
    const [told] = (pod?.spec.containers[0]?.env ?? []) as { value: string }[];
    expect(JSON.parse(told?.value ?? '')).toEqual({
      store: 's3://shelf',
      namespace: 'shop',
      asOf: 1_600_000,
      skewMs: 300_000,
    });
  });

  it('is taken away when it has ended, and none begins while one runs', async () => {
    const { sweeper, pods, pass, sweep } = given();
    sweeper.noteStoring('shop');
    sweeper.noteDeleted('shop');
    pass(600_000);
    await sweep();
    const [pod] = [...pods.values()];
    sweeper.noteDeleted('shop');
    pass(600_000);
    expect(await sweep()).toEqual({ requeueAfter: 5_000 });
    expect([...pods.values()]).toEqual([pod]);
    pod!.status = { phase: 'Succeeded' };
    await sweep();
    expect(pods.size).toBe(0);
    await sweep();
    expect(pods.size).toBe(1);
  });

  it('does not come where nothing was ever stored', () => {
    expect(given().sweeper.noteDeleted('shop')).toBeUndefined();
  });

  it('is made by the operator itself where it keeps logs', async () => {
    const swept: unknown[] = [];
    const { sweeper, pods, pass, sweep } = given({
      store: undefined,
      sweepLogs: async (plan, live) => void swept.push(plan.namespace, live),
    });
    expect(sweeper.noteDeleted('shops')).toBe(600_000);
    pass(600_000);
    await sweep('shops');
    expect(swept).toEqual(['shops', ['uid-of-c']]);
    expect(pods.size).toBe(0);
  });
});
