import { beforeEach, describe, expect, it } from 'vitest';
import {
  API_VERSION,
  FINALIZER_RESULT,
  LABEL_RUN_UID,
  LABEL_WORKFLOW,
  type OwnerReference,
  type Workflow,
  type WorkflowRun,
} from '../../../api/index.ts';
import { accept, encodeState } from '../../../engine/index.ts';
import type { Attempt, Executor } from '../../../executors/index.ts';
import type { Pod } from '../../../pods/index.ts';
import { ApiError, type Clock, type KubeClient, realClock, Store } from '../../../runtime/index.ts';
import { silentLogger } from '../../../telemetry/index.ts';
import { PODS_BY_RUN, type Stores } from '../../stores/stores.ts';
import { RunUpkeep } from './upkeep.ts';

const DIGEST = 'd';
const owner: OwnerReference = {
  apiVersion: API_VERSION,
  kind: 'Workflow',
  name: 'w',
  uid: 'w-uid',
  controller: true,
  blockOwnerDeletion: false,
};
const run: WorkflowRun = {
  apiVersion: '',
  kind: '',
  metadata: { name: 'r', namespace: 'n', uid: 'u', labels: { [LABEL_WORKFLOW]: 'w' }, ownerReferences: [owner] },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
  status: {
    phase: 'Running',
    state: encodeState(accept(DIGEST, {}, 0).state),
    definition: { digest: DIGEST, revision: 'w-1' },
  },
};
const byHand: WorkflowRun = { ...run, metadata: { ...run.metadata, ownerReferences: [] } };
const started: Attempt = { path: 'a', attempt: 0 };

interface Release {
  readonly uid: string;
  /** Whether the attempt `started`, which no state says anything of, may be let go. */
  readonly settled: boolean;
  readonly hurry: boolean | undefined;
}

class World {
  readonly runs = new Store<WorkflowRun>();
  readonly pods = new Store<Pod>({ indexes: { [PODS_BY_RUN]: () => ['n/r'] } });
  readonly releases: Release[] = [];
  /** Milliseconds after which a pod is to be let go. */
  kept: number | undefined;
  readonly patches: unknown[] = [];
  readonly discarded: string[] = [];
  /** Milliseconds on a clock that only tests move. */
  passed = 0;
  live: WorkflowRun | undefined;
  readonly #upkeep: RunUpkeep;

  constructor() {
    const workflows = new Store<Workflow>();
    const metadata = { name: 'w', namespace: 'n', uid: 'w-uid' };
    const value: Workflow = { apiVersion: '', kind: '', metadata, spec: { tasks: [] } };
    workflows.put({ key: 'n/w', uid: 'w-uid', resourceVersion: '1', value });
    const client = {
      get: async () => this.live ?? Promise.reject(new ApiError(404, { reason: 'NotFound' })),
      patch: async (...call: unknown[]) => void this.patches.push(call[2]),
    };
    const executor: Pick<Executor, 'release' | 'discard'> = {
      discard: async ({ uid }) => void this.discarded.push(uid),
      release: async ({ uid }, isSettled, hurry) => {
        this.releases.push({ uid, settled: isSettled(started), hurry });
        return this.kept;
      },
    };
    const stores = { runs: this.runs, pods: this.pods, workflows } as unknown as Stores;
    const clock: Clock = { ...realClock, monotonic: () => this.passed };
    this.#upkeep = new RunUpkeep({
      stores,
      client: client as unknown as KubeClient,
      executor: executor as Executor,
      clock,
    });
  }

  put(value: WorkflowRun, resourceVersion = '1'): void {
    this.runs.put({ key: 'n/r', uid: value.metadata.uid ?? '', resourceVersion, value });
  }

  hold(uid: string, finalizers = [FINALIZER_RESULT]): void {
    const owner = { apiVersion: '', kind: 'WorkflowRun', name: 'r', uid, controller: true };
    const labels = { [LABEL_RUN_UID]: uid };
    const metadata = { name: 'p', namespace: 'n', labels, finalizers, ownerReferences: [owner] };
    this.pods.put({ key: 'n/p', uid: 'p', resourceVersion: '1', value: { metadata, spec: { containers: [] } } });
  }

  /** How much the upkeep remembers. */
  get remembered(): number {
    return this.#upkeep.size;
  }

  /** The pod is gone from the cache. */
  podGone(): void {
    this.pods.remove('n/p');
    this.#upkeep.podGone('n/r');
  }

  reconcile() {
    const { signal } = new AbortController();
    return this.#upkeep.reconcile('n/r', { logger: silentLogger(), reconcileId: '', signal });
  }
}

describe('the upkeep of a run', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  it('lets go of nothing that the stored state does not say has ended', async () => {
    world.put(run);
    await world.reconcile();
    expect(world.releases).toEqual([{ uid: 'u', settled: false, hurry: false }]);
  });

  it('lets go of everything of a run that is over', async () => {
    const over = { type: 'Succeeded', status: 'True', reason: 'Done', message: '', lastTransitionTime: '' } as const;
    world.put({ ...run, status: { ...run.status, conditions: [over] } });
    await world.reconcile();
    expect(world.releases).toEqual([{ uid: 'u', settled: true, hurry: false }]);
  });

  it('comes back for a pod that is not to be let go of yet', async () => {
    world.put(run);
    expect(await world.reconcile()).toEqual({ requeueAfter: undefined });
    world.kept = 7_000;
    expect(await world.reconcile()).toEqual({ requeueAfter: 7_000 });
  });

  it('hurries when a run is being deleted, and gives it no owner any more', async () => {
    world.put({ ...byHand, metadata: { ...byHand.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    await world.reconcile();
    expect(world.releases).toEqual([{ uid: 'u', settled: true, hurry: true }]);
    expect(world.patches).toEqual([]);
  });

  it('touches nothing of a state that a newer version wrote', async () => {
    world.put({ ...run, status: { ...run.status, state: JSON.stringify({ v: 999 }) } });
    await world.reconcile();
    expect(world.releases).toEqual([{ uid: 'u', settled: false, hurry: false }]);
  });

  it('lets go of pods whose run is gone, once a live read has said so', async () => {
    world.hold('gone');
    world.live = { ...run, metadata: { ...run.metadata, uid: 'gone' } };
    await world.reconcile();
    expect(world.releases).toEqual([]);
    world.live = undefined;
    await world.reconcile();
    expect(world.releases).toEqual([{ uid: 'gone', settled: true, hurry: true }]);
  });

  it('deletes pods whose run is gone when nothing else has done so for 30 s', async () => {
    world.hold('gone', []);
    expect(await world.reconcile()).toEqual({ requeueAfter: 30_000 });
    world.passed += 20_000;
    expect(await world.reconcile()).toEqual({ requeueAfter: 10_000 });
    expect(world.discarded).toEqual([]);
    world.passed += 10_000;
    await world.reconcile();
    expect(world.discarded).toEqual(['gone']);
  });

  it('begins to count anew when pods had a run in between', async () => {
    world.hold('u', []);
    await world.reconcile();
    world.passed += 30_000;
    world.put(run);
    expect(await world.reconcile()).toEqual({ requeueAfter: undefined });
    world.runs.remove('n/r');
    expect(await world.reconcile()).toEqual({ requeueAfter: 30_000 });
    expect(world.discarded).toEqual([]);
  });

  it('remembers nothing of a run whose last pod is gone', async () => {
    world.hold('gone', []);
    await world.reconcile();
    world.passed += 30_000;
    await world.reconcile();
    expect(world.remembered).toBe(1);
    world.podGone();
    expect(world.remembered).toBe(0);
  });

  it('gives a run of somebody the owner of its pinned definition, once, if nobody else gave it one meanwhile', async () => {
    world.put(byHand);
    await world.reconcile();
    await world.reconcile();
    expect(world.patches).toHaveLength(1);
    expect(world.patches[0]).toMatchObject({
      operations: [
        { op: 'test', path: '/metadata/uid', value: 'u' },
        { op: 'test', path: '/metadata/ownerReferences' },
        { op: 'add', path: '/metadata/ownerReferences', value: [owner] },
      ],
    });
    world.put(run, '2');
    await world.reconcile();
    world.put(byHand, '3');
    await world.reconcile();
    expect(world.patches).toHaveLength(2);
  });

  const PATH = '/metadata/labels';
  const { labels: _none, ...bare } = run.metadata;
  const over = { phase: 'Failed', finishedAt: '2026-01-01T00:00:00Z' } as const;
  const UNLABELLED: [string, WorkflowRun, Record<string, string>][] = [
    ['that has none', { ...run, metadata: bare }, {}],
    ['that has a wrong one', labelled({ [LABEL_WORKFLOW]: 'other', mine: 'x' }), { mine: 'x' }],
    ['that was refused', { ...labelled({ mine: 'x' }), status: over }, { mine: 'x' }],
  ];
  it.each(UNLABELLED)(
    'gives a run %s the label of its Workflow, and keeps those of people',
    async (_what, of, kept) => {
      world.put(of);
      await world.reconcile();
      await world.reconcile();
      expect(world.patches).toEqual([
        {
          kind: 'json',
          operations: [
            { op: 'test', path: '/metadata/uid', value: 'u' },
            { op: 'test', path: PATH, value: of.metadata.labels ?? null },
            { op: 'add', path: PATH, value: { ...kept, [LABEL_WORKFLOW]: 'w' } },
          ],
        },
      ]);
    },
  );

  it('gives an owner to a run that is accepted while its label is on the way', async () => {
    const { definition: _none, state: _nothing, ...waiting } = run.status ?? {};
    const { labels: _mine, ...unlabelled } = byHand.metadata;
    world.put({ ...byHand, metadata: unlabelled, status: waiting });
    await world.reconcile();
    world.put(byHand, '2');
    await world.reconcile();
    await world.reconcile();
    const paths = world.patches.map((patch) => (patch as { operations: { path: string }[] }).operations.at(-1)?.path);
    expect(paths).toEqual([PATH, '/metadata/ownerReferences']);
  });

  it('leaves a run alone of which nothing is decided yet', async () => {
    const { status: _none, ...fresh } = byHand;
    world.put({ ...fresh, metadata: { ...fresh.metadata, labels: {} } });
    await world.reconcile();
    expect(world.patches).toEqual([]);
  });
});

function labelled(labels: Record<string, string>): WorkflowRun {
  return { ...run, metadata: { ...run.metadata, labels } };
}
