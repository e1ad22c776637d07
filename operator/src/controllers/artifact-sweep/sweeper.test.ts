import { describe, expect, it } from 'vitest';
import { objectKey, type Workflow, type WorkflowRun, type WorkflowTemplate } from '../../api/index.ts';
import type { Pod } from '../../pods/index.ts';
import { ApiError, type KubeClient, type ReconcileContext, Store } from '../../runtime/index.ts';
import { createMetrics, silentLogger } from '../../telemetry/index.ts';
import { Sweeper, type SweepSettings } from './sweeper.ts';

const STORE = { address: 's3://shelf', claim: undefined, secret: 'store', image: 'ado:1', maxBytes: 1 };
const CONTEXT: ReconcileContext = { logger: silentLogger(), reconcileId: '', signal: new AbortController().signal };

/** What the store has of an object, as the reflector puts it there. */
const entryOf = <T>(namespace: string, name: string, spec: object) => ({
  key: `${namespace}/${name}`,
  uid: name,
  resourceVersion: '1',
  value: { metadata: { namespace, name }, spec } as T,
});

/** The pod of a sweep at its end, with what it reports. */
const ended = (exitCode: number, message: string) => ({
  phase: 'Succeeded' as const,
  containerStatuses: [{ name: 'sweep', state: { terminated: { exitCode, message } } }],
});

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
    list: async () => ({ metadata: {}, items: [{ metadata: { name: 'kube-system', uid: 'cluster-uid' } }] }),
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
  const metrics = createMetrics({ process: false });
  const workflows = new Store<Workflow>();
  const templates = new Store<WorkflowTemplate>();
  const stores = { runs, pods: new Store<Pod>(), workflows, templates, clusterTemplates: undefined };
  const deps = { client, stores, clock, metrics };
  const defaults = { everyMs: 600_000, store: STORE, knowsCluster: true, sweepLogs: undefined };
  const sweeper = new Sweeper(deps, { ...defaults, ...settings });
  return {
    sweeper,
    pods,
    metrics,
    client,
    workflow: (spec: object) => workflows.put(entryOf('shop', 'w', spec)),
    template: (spec: object) => templates.put(entryOf('shop', 't', spec)),
    swept: async (result: string) =>
      Number(new RegExp(`ado_artifact_sweeps_total\\{result="${result}"\\} (\\d+)`).exec(await metrics.scrape())?.[1]),
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
      cluster: 'cluster-uid',
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
      sweepLogs: async (plan, live) => {
        swept.push(plan.namespace, live);
        return { more: false, unreadable: [] };
      },
    });
    expect(sweeper.noteDeleted('shops')).toBe(600_000);
    pass(600_000);
    await sweep('shops');
    expect(swept).toEqual(['shops', ['uid-of-c']]);
    expect(pods.size).toBe(0);
  });

  const making = { name: 'make', run: 'true', artifacts: { outputs: [{ name: 'word' }] } };
  const using = { name: 'use', template: { name: 't' } };

  it.each([
    ['a task', { tasks: [making] }],
    ['a task of finally', { tasks: [{ name: 'a', run: 'true' }], finally: [making] }],
    [
      'a template of its own',
      { tasks: [{ name: 'a', template: { name: 'x' } }], templates: [{ name: 'x', tasks: [making] }] },
    ],
    ['a shared template', { tasks: [using] }],
  ])('covers runs that were deleted while no operator ran, where %s has artifacts', async (_what, spec) => {
    const { sweeper, pods, pass, sweep, workflow, template } = given();
    workflow(spec);
    template({ tasks: [making] });
    expect(sweeper.noteFound('shop')).toBe(600_000);
    expect(sweeper.noteFound('shop')).toBeUndefined();
    pass(600_000);
    await sweep();
    expect(pods.size).toBe(1);
  });

  it('starts no pod in a namespace whose Workflows have no artifacts', async () => {
    const { sweeper, pods, pass, sweep, workflow, template } = given();
    workflow({ tasks: [{ name: 'a', run: 'true' }], retention: { artifacts: { keep: 'Forever' } } });
    template({ tasks: [making] });
    sweeper.noteFound('shop');
    pass(600_000);
    expect(await sweep()).toEqual({});
    expect(pods.size).toBe(0);
  });

  it('is followed by another one when its list was too long, without another run that is deleted', async () => {
    const { sweeper, pods, pass, sweep } = given();
    sweeper.noteStoring('shop');
    sweeper.noteDeleted('shop');
    pass(600_000);
    await sweep();
    const [first] = pods.values();
    first!.status = ended(0, '{"more":true,"unreadable":[]}');
    await sweep();
    expect(pods.size).toBe(0);
    expect(await sweep()).toEqual({ requeueAfter: 600_000 });
    pass(600_000);
    await sweep();
    expect(pods.size).toBe(1);
  });

  it('by the operator is followed by another one too', async () => {
    const sweepLogs = async () => ({ more: true, unreadable: [] });
    const { sweeper, pass, sweep } = given({ store: undefined, sweepLogs });
    sweeper.noteDeleted('shop');
    pass(600_000);
    expect(await sweep()).toEqual({ requeueAfter: 600_000 });
  });

  it.each([
    [0, '{"more":false,"unreadable":[]}', 'Succeeded'],
    [0, '{"more":false,"unreadable":["run-2"]}', 'Incomplete'],
    [0, 'what somebody wrote into the status', 'Succeeded'],
    [0, 'null', 'Succeeded'],
    [1, 'the store belongs to another cluster', 'Failed'],
  ])('that ends with exit code %i and the words %j is counted as such', async (exitCode, message, result) => {
    const { sweeper, pods, pass, sweep, swept } = given();
    sweeper.noteStoring('shop');
    sweeper.noteDeleted('shop');
    pass(600_000);
    await sweep();
    for (const pod of pods.values()) pod.status = ended(exitCode, message);
    await sweep();
    expect(await swept(result)).toBe(1);
  });

  it('of logs that fails says why, and stops no sweep of artifacts', async () => {
    const sweepLogs = async () => {
      throw new Error('nothing is deleted from the store: it is of another cluster');
    };
    const { sweeper, pods, pass, sweep, swept } = given({ sweepLogs });
    sweeper.noteStoring('shop');
    sweeper.noteDeleted('shop');
    pass(600_000);
    await sweep();
    expect(await swept('Failed')).toBe(1);
    expect(pods.size).toBe(1);
  });

  it('is not tried again in a namespace that is gone', async () => {
    const { sweeper, client, pass, sweep } = given();
    client.create = async () => {
      throw new ApiError(404, { reason: 'NotFound' });
    };
    sweeper.noteStoring('shop');
    sweeper.noteDeleted('shop');
    pass(600_000);
    expect(await sweep()).toEqual({});
    expect(await sweep()).toEqual({});
  });

  it('deletes nothing where the API server does not tell which cluster this is', async () => {
    const { sweeper, pods, client, pass, sweep } = given();
    client.list = async () => ({ metadata: {}, items: [] });
    sweeper.noteStoring('shop');
    sweeper.noteDeleted('shop');
    pass(600_000);
    await expect(sweep()).rejects.toThrow('kube-system');
    expect(pods.size).toBe(0);
  });
});
