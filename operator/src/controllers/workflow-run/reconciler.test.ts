import { beforeEach, describe, expect, it } from 'vitest';
import {
  type AttemptObservation,
  type Backfill,
  type RunJournal,
  type Semaphore,
  type Signal,
  UNATTESTED,
  type Workflow,
  type WorkflowRun,
  type WorkflowTemplate,
} from '../../api/index.ts';
import { decodeRevision, Plans, type Revision, type TemplateVersion } from '../../definitions/index.ts';
import { definitionOf } from '../../engine/index.ts';
import type { Executor } from '../../executors/index.ts';
import type { Pod } from '../../pods/index.ts';
import { ApiError, type Clock, type KubeClient, realClock, Store } from '../../runtime/index.ts';
import { createMetrics, silentLogger } from '../../telemetry/index.ts';
import { PODS_BY_RUN } from '../stores/stores.ts';
import { testProofs } from '../testing/proofs.ts';
import { identities } from '../testing/proving.ts';
import { pinned, revisionObject } from '../testing/revisions.ts';
import { RunMemories } from './memory.ts';
import { RunReconciler } from './reconciler.ts';

const spec = {
  tasks: [
    { name: 'a', image: 'i', run: 'true' },
    { name: 'b', image: 'i', run: 'true', needs: ['a'] },
    { name: 'c', image: 'i', run: 'true', needs: ['a'] },
    { name: 'd', image: 'i', run: 'true', needs: ['b', 'c'] },
  ],
};
/** Longer than the decisions of one reconcile. */
const CHAIN = {
  tasks: Array.from({ length: 20 }, (_, index) => ({
    name: `t${index}`,
    image: 'i',
    run: 'true',
    ...(index > 0 ? { needs: [`t${index - 1}`] } : {}),
  })),
};
/** More outputs than a state holds itself, and a task that reads all of them. */
const JOIN = {
  tasks: [
    { name: 'each', forEach: { sequence: { to: 399 } }, compute: { v: `'${'x'.repeat(300)}' + string(index)` } },
    { name: 'join', needs: ['each'], compute: { count: 'tasks.each.outputs.filter(o, o.v.size() > 300).size()' } },
    { name: 'last', needs: ['join'], image: 'i', run: 'true', when: 'tasks.join.outputs.count == 400' },
  ],
};
const workflow: Workflow = {
  apiVersion: '',
  kind: '',
  metadata: { name: 'w', namespace: 'n', uid: 'w-uid', generation: 1 },
  spec,
  status: {
    observedGeneration: 1,
    conditions: [{ type: 'Ready', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '' }],
    definition: pinned(definitionOf(spec)).noted,
  },
};
const run: WorkflowRun = {
  apiVersion: '',
  kind: '',
  metadata: { name: 'r', namespace: 'n', uid: 'u', resourceVersion: '1' },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
};

const succeeded: AttemptObservation = { phase: 'Succeeded', message: '' };
const running: AttemptObservation = { phase: 'Running', startedAt: 0 };

/** A clock that only tests move; the reconciler sets no timers of its own. */
class StoppedClock implements Clock {
  #ms = Date.UTC(2026, 0, 1);
  readonly now = () => this.#ms;
  readonly monotonic = () => this.#ms;
  readonly setTimeout = realClock.setTimeout;
  readonly sleep = realClock.sleep;

  pass(ms: number): void {
    this.#ms += ms;
  }
}

/** A diamond whose pods are what `sees` says, and whose API server stores whatever is patched. */
class World {
  readonly clock = new StoppedClock();
  readonly sights = new Map<string, AttemptObservation>();
  readonly started: string[] = [];
  /** Whether every start finds the result in a cache. */
  isCached = false;
  readonly runs = new Store<WorkflowRun>();
  readonly revisions = new Store<Revision>();
  readonly told: string[] = [];
  readonly pages = new Map<string, RunJournal>();
  writes = 0;
  readonly #reconciler: RunReconciler;

  constructor(definition: typeof spec | typeof CHAIN | typeof JOIN = spec) {
    const { noted, entry } = pinned(definitionOf(definition));
    this.revisions.put(entry);
    const stores = {
      workflows: filled<Workflow>('n/w', { ...workflow, status: { ...workflow.status, definition: noted } }),
      runs: this.runs,
      pods: new Store<Pod>({ indexes: { [PODS_BY_RUN]: () => [] } }),
      revisions: this.revisions,
      semaphores: new Store<Semaphore>(),
      signals: new Store<Signal>(),
      backfills: new Store<Backfill>(),
      templates: new Store<WorkflowTemplate>(),
      clusterTemplates: undefined,
      versions: new Store<TemplateVersion>(),
    };
    this.#put(run);
    this.#reconciler = new RunReconciler({
      stores,
      client: this.#client(),
      executor: this.#executor(),
      attests: UNATTESTED,
      identities: identities(),
      proves: testProofs(),
      plans: new Plans(),
      memories: new RunMemories(),
      recorder: { event: (_about, type, reason, _action, note) => void this.told.push(`${type} ${reason}: ${note}`) },
      metrics: createMetrics({ process: false }),
      clock: this.clock,
    });
  }

  see(sights: Record<string, AttemptObservation>): void {
    for (const [path, sight] of Object.entries(sights)) this.sights.set(path, sight);
  }

  /** Makes the tail of the stored history so long that the next write cuts a page. */
  lengthen(event: string): void {
    const stored = this.runs.get('n/r');
    const { journal } = stored?.status ?? {};
    if (!stored || !journal) throw new Error('the run has no journal');
    const tail = `${journal.tail.slice(0, -1)},${event}]`;
    this.writes++;
    this.#put({ ...stored, status: { ...stored.status, journal: { ...journal, tail } } });
  }

  reconcile() {
    const { signal } = new AbortController();
    return this.#reconciler.reconcile('n/r', { logger: silentLogger(), reconcileId: '', signal });
  }

  get counts() {
    return this.runs.get('n/r')?.status?.counts;
  }

  #put(value: WorkflowRun): void {
    this.runs.put({ key: 'n/r', uid: 'u', resourceVersion: String(this.writes), value });
  }

  #patch(patch: unknown): WorkflowRun {
    this.writes++;
    const { operations } = patch as { operations: { path: string; value: unknown }[] };
    const status = operations.find(({ path }) => path === '/status')?.value as NonNullable<WorkflowRun['status']>;
    const stored = { ...run, status };
    this.#put(stored);
    return stored;
  }

  #client(): KubeClient {
    const client = {
      patch: async (...call: unknown[]) => this.#patch(call[2]),
      create: async (_type: unknown, page: RunJournal) => {
        const { name } = page.metadata;
        if (this.pages.has(name)) throw new ApiError(409, { reason: 'AlreadyExists', message: name });
        this.pages.set(name, page);
      },
      get: async (_type: unknown, { name }: { name: string }) => this.pages.get(name),
    };
    return client as unknown as KubeClient;
  }

  #executor(): Executor {
    return {
      start: async (_run, { path }) => {
        if (this.isCached) return { phase: 'Hit', outputs: {}, from: 'r0/x' };
        this.started.push(path);
        return undefined;
      },
      observe: async () => ({
        seen: [...this.sights].map(([path, observation]) => ({
          path,
          attempt: 0,
          observation,
          object: objectFor(path),
        })),
      }),
      cancel: async () => undefined,
      release: async () => undefined,
      discard: async () => undefined,
    };
  }
}

function filled<T>(key: string, value: T): Store<T> {
  const store = new Store<T>();
  store.put({ key, uid: key, resourceVersion: '1', value });
  return store;
}

const objectFor = (path: string) => ({ backend: 'Pod' as const, id: `pod-of-${path}` });

describe('outputs beyond the share of a state', () => {
  async function reconciled(world: World, between: () => void = () => undefined): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      const result = await world.reconcile();
      between();
      if (!('requeue' in result && result.requeue)) return;
    }
    throw new Error('there is always more to do');
  }

  it('are read from the pages of the history when a task has its turn that reads them', async () => {
    const world = new World(JOIN);
    await reconciled(world);
    expect(world.pages.size).toBeGreaterThan(4);
    expect(world.started).toEqual(['last']);
  });

  it('fail that task where pages are gone, and nothing is read in its place', async () => {
    const world = new World(JOIN);
    await reconciled(world, () => world.pages.clear());
    const row = world.runs.get('n/r')?.status?.tasks?.find(({ path }) => path === 'join');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'HistoryDamaged', message: expect.stringContaining('u-') });
    expect(world.started).toEqual([]);
  });
});

describe('the writes of a run', () => {
  let world: World;

  beforeEach(async () => {
    world = new World();
    await world.reconcile();
    world.see({ a: succeeded });
    await world.reconcile();
    world.see({ b: running, c: running });
    expect(world.started).toEqual(['a', 'b', 'c']);
    expect(world.writes).toBe(2);
  });

  it('say that a task ended together with what starts for it', async () => {
    world.see({ b: succeeded, c: succeeded });
    await world.reconcile();
    expect(world.writes).toBe(3);
    expect(world.started).toContain('d');
    expect(world.counts).toMatchObject({ succeeded: 3, running: 1 });
  });

  it('wait half a second with a success that nothing follows from, and take the next one along', async () => {
    world.see({ b: succeeded });
    expect(await world.reconcile()).toEqual({ requeueAfter: 500 });
    world.clock.pass(200);
    expect(await world.reconcile()).toEqual({ requeueAfter: 300 });
    expect(world.writes).toBe(2);
    world.see({ c: succeeded });
    await world.reconcile();
    expect(world.writes).toBe(3);
    expect(world.counts).toMatchObject({ succeeded: 3, running: 1 });
  });

  it('wait no longer than that', async () => {
    world.see({ b: succeeded });
    await world.reconcile();
    world.clock.pass(500);
    await world.reconcile();
    expect(world.writes).toBe(3);
    expect(world.counts).toMatchObject({ succeeded: 2, running: 1 });
  });

  it('do not wait with a failure', async () => {
    world.see({ b: { phase: 'Failed', cause: 'User', reason: 'ExitCode', message: 'no', exitCode: 1 } });
    await world.reconcile();
    expect(world.writes).toBe(3);
    expect(world.counts).toMatchObject({ failed: 1 });
  });

  it('show what only people want to know ten seconds after it is seen, and not again', async () => {
    world.clock.pass(60_000);
    expect(await world.reconcile()).toEqual({ requeueAfter: 10_000 });
    world.see({ b: { phase: 'Pending', reason: 'Unschedulable', message: 'no room', since: world.clock.now() } });
    world.clock.pass(10_000);
    await world.reconcile();
    expect(world.writes).toBe(3);
    world.clock.pass(60_000);
    expect(await world.reconcile()).not.toHaveProperty('requeueAfter', 10_000);
    expect(world.writes).toBe(3);
  });

  it('say by which objects attempts are run only where they say something else too', async () => {
    const state = () => world.runs.get('n/r')?.status?.state ?? '';
    world.clock.pass(60_000);
    await world.reconcile();
    expect([world.writes, state().includes('pod-of-b')]).toEqual([2, false]);
    world.clock.pass(10_000);
    await world.reconcile();
    expect([world.writes, state().includes('pod-of-b'), state().includes('pod-of-c')]).toEqual([3, true, true]);
    world.see({ b: succeeded });
    await world.reconcile();
    world.clock.pass(500);
    await world.reconcile();
    expect([world.writes, state().includes('pod-of-b')]).toEqual([4, false]);
  });

  it('never show alone that a pod became Running when it ends within ten seconds, however late it started', async () => {
    const pending: AttemptObservation = { phase: 'Pending', since: world.clock.now() };
    world.see({ b: pending, c: pending });
    world.clock.pass(60_000);
    await world.reconcile();
    world.see({ b: running, c: running });
    await world.reconcile();
    world.clock.pass(9000);
    await world.reconcile();
    expect(world.writes).toBe(2);
    world.see({ b: succeeded, c: succeeded });
    await world.reconcile();
    expect(world.writes).toBe(3);
  });
});

describe('a long chain of cached results', () => {
  it('is recorded in a few reconciles, none of which fails', async () => {
    const world = new World(CHAIN);
    world.isCached = true;
    for (let i = 0; i < 5 && (world.counts?.succeeded ?? 0) < 20; i++) await world.reconcile();
    expect(world.counts).toMatchObject({ succeeded: 20 });
    expect(world.started).toEqual([]);
  });
});

describe('a run whose definition was forged', () => {
  const evil = { tasks: [{ name: 'a', image: 'evil', run: 'steal' }] };
  const genuine = pinned(definitionOf(spec)).entry;
  const forged = (uid = 'forged') => {
    const value = decodeRevision({ ...revisionObject(definitionOf(spec)), data: evil });
    return { ...genuine, uid, value };
  };
  const conditionOf = (world: World, type: string) =>
    world.runs.get('n/r')?.status?.conditions?.find((condition) => condition.type === type);

  it('stops with RevisionForged and one Event, starts nothing, and is not tried again by itself', async () => {
    const world = new World();
    await world.reconcile();
    world.revisions.put(forged());
    world.see({ a: succeeded });
    expect(await world.reconcile()).toEqual({});
    await world.reconcile();
    expect(conditionOf(world, 'Stalled')).toMatchObject({ status: 'True', reason: 'RevisionForged' });
    expect(conditionOf(world, 'Succeeded')?.status).toBe('Unknown');
    expect(world.started).toEqual(['a']);
    expect(world.told).toHaveLength(1);
    expect(world.told[0]).toContain(
      `Warning RevisionForged: the ControllerRevision ${genuine.key} is not the pinned definition`,
    );
    expect(world.told[0]).toContain('delete it (kubectl delete controllerrevision');
  });

  it('goes on when the genuine one is back', async () => {
    const world = new World();
    await world.reconcile();
    world.revisions.put(forged());
    await world.reconcile();
    world.revisions.put(genuine);
    world.see({ a: succeeded });
    await world.reconcile();
    expect(conditionOf(world, 'Stalled')).toBeUndefined();
    expect(world.started).toEqual(['a', 'b', 'c']);
  });

  it('says that it goes on, also when nothing happens meanwhile', async () => {
    const world = new World();
    await world.reconcile();
    world.see({ a: running });
    await world.reconcile();
    world.revisions.put(forged());
    await world.reconcile();
    world.revisions.put(genuine);
    await world.reconcile();
    world.clock.pass(10_000);
    await world.reconcile();
    expect(conditionOf(world, 'Reconciling')).toMatchObject({ reason: 'Running' });
  });

  it('never starts, and waits for the genuine one', async () => {
    const world = new World();
    world.revisions.put(forged());
    await world.reconcile();
    world.clock.pass(3000);
    expect(await world.reconcile()).toEqual({});
    expect(conditionOf(world, 'Stalled')).toMatchObject({ reason: 'RevisionForged' });
    expect(world.runs.get('n/r')?.status?.phase).toBe('Pending');
    world.revisions.put(genuine);
    await world.reconcile();
    expect(world.started).toEqual(['a']);
    expect(world.told).toHaveLength(1);
  });
});

describe('a run whose page of history somebody has put there first', () => {
  it('goes on to its end, and says so for good', async () => {
    const world = new World();
    await world.reconcile();
    world.see({ a: succeeded });
    world.lengthen(`["L",1,["${'x'.repeat(9000)}"]]`);
    const name = 'u-1';
    const spec = { runRef: { name: 'r', uid: 'u' }, firstSeq: 1, lastSeq: 1, digest: '', events: '[]' };
    world.pages.set(name, { apiVersion: '', kind: '', metadata: { name, namespace: 'n' }, spec });
    await world.reconcile();
    world.see({ b: succeeded, c: succeeded });
    await world.reconcile();
    world.see({ d: succeeded });
    await world.reconcile();
    const { status } = world.runs.get('n/r') ?? {};
    expect(status?.phase).toBe('Succeeded');
    const damage = status?.conditions?.find(({ type }) => type === 'HistoryDamaged');
    expect(damage).toMatchObject({
      status: 'True',
      message: expect.stringContaining('the RunJournal u-1 has the name'),
    });
    expect(world.told.filter((note) => note.includes('HistoryDamaged'))).toHaveLength(1);
    expect(world.pages.size).toBe(2);
  });
});
