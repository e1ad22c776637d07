import { describe, expect, it, vi } from 'vitest';
import { UNATTESTED, type Workflow, type WorkflowRun } from '../../api/index.ts';
import { Plans } from '../../definitions/index.ts';
import { accept, definitionOf, encodeState } from '../../engine/index.ts';
import type { Executor } from '../../executors/index.ts';
import { type Clock, type Controller, type KubeClient, realClock } from '../../runtime/index.ts';
import { createMetrics, silentLogger } from '../../telemetry/index.ts';
import { createStores } from '../stores/stores.ts';
import { testProofs } from '../testing/proofs.ts';
import { identities } from '../testing/proving.ts';
import { pinned } from '../testing/revisions.ts';
import { runController } from './controller.ts';
import { RunMemories } from './memory.ts';

const spec = { tasks: [{ name: 'a', image: 'i', run: 'true' }], concurrency: { limit: 1 } };
const { noted, entry } = pinned(definitionOf(spec));
const ready = { type: 'Ready', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '' } as const;
const workflow: Workflow = {
  ...{ apiVersion: '', kind: '', metadata: { name: 'w', namespace: 'n', uid: 'w-uid', generation: 1 } },
  ...{ spec, status: { observedGeneration: 1, conditions: [ready], definition: noted } },
};
const begun = { state: encodeState(accept('d', {}, 0).state) };

/** The controller of runs over caches that a test fills, and a server that stores what is patched unless it says otherwise. */
class World {
  readonly stores = createStores(false);
  readonly memories = new RunMemories();
  readonly controller: Controller;
  /** What else happens while a status is written. */
  whileWriting: () => void = () => undefined;
  #now = Date.UTC(2026, 0, 1);
  #version = 0;

  constructor() {
    const clock: Clock = { ...realClock, now: () => this.#now, monotonic: () => this.#now };
    this.stores.revisions.put(entry);
    const deps = {
      ...{ client: this.#client(), stores: this.stores, executor: EXECUTOR, attests: UNATTESTED, clock },
      ...{ identities: identities(), proves: testProofs(), plans: new Plans(), memories: this.memories },
      ...{ recorder: { event: () => undefined }, metrics: createMetrics({ process: false }) },
    };
    this.controller = runController(deps, { logger: silentLogger(), concurrency: 1 });
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  putWorkflow(more: Partial<Workflow['status']> = {}): void {
    const value = { ...workflow, status: { ...workflow.status, ...more } };
    this.stores.workflows.put({ key: 'n/w', uid: 'w-uid', resourceVersion: String(++this.#version), value });
  }

  put(name: string, status?: WorkflowRun['status']): void {
    const resourceVersion = String(++this.#version);
    const creationTimestamp = new Date(this.#now).toISOString();
    const value: WorkflowRun = {
      ...{
        apiVersion: '',
        kind: '',
        metadata: { name, namespace: 'n', uid: `${name}-uid`, resourceVersion, creationTimestamp },
      },
      spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
      ...(status ? { status } : {}),
    };
    this.stores.runs.put({ key: `n/${name}`, uid: `${name}-uid`, resourceVersion, value });
  }

  remove(name: string): void {
    this.stores.runs.remove(`n/${name}`);
  }

  /** The keys that are ready, in the order in which they would be worked on; quiet again afterwards. */
  async taken(): Promise<string[]> {
    const { queue } = this.controller;
    const keys: string[] = [];
    while (queue.depth > 0) keys.push((await queue.take()) ?? '');
    for (const key of keys) queue.done(key);
    this.pass(1_000);
    return keys;
  }

  /** Has everything worked on that is ready. */
  async work(): Promise<void> {
    const { queue } = this.controller;
    this.controller.start();
    await vi.waitUntil(() => queue.depth === 0);
    await this.controller.stop(60_000);
  }

  #client(): KubeClient {
    const client = {
      list: async () => ({ items: [], metadata: {} }),
      patch: async (
        _type: unknown,
        { name }: { name: string },
        patch: { operations: { path: string; value: unknown }[] },
      ) => {
        const run = this.stores.runs.get(`n/${name}`);
        const status = patch.operations.find(({ path }) => path === '/status')?.value;
        this.whileWriting();
        return { ...run, status };
      },
    };
    return client as unknown as KubeClient;
  }
}

const EXECUTOR = {
  start: async () => undefined,
  observe: async () => ({ seen: [] }),
  cancel: async () => undefined,
} as unknown as Executor;

describe('the controller of runs', () => {
  it('wakes the run next in turn at the end of another, after what is in progress', async () => {
    const world = new World();
    world.putWorkflow();
    for (const name of ['z', 'a']) world.put(name, begun);
    for (const name of ['c', 'b', 'd']) world.put(name);
    world.memories.concurrencyGate.ask(
      workflow,
      { run: world.stores.runs.get('n/b') as WorkflowRun, definition: definitionOf(spec), params: {} },
      () => [...world.stores.runs.values()],
    );
    await world.taken();
    world.put('a', { ...begun, finishedAt: '2026-01-01T00:00:01Z' });
    world.put('z', { ...begun, finishedAt: '2026-01-01T00:00:01Z' });
    expect(await world.taken()).toEqual(['n/a', 'n/z', 'n/b']);
  });

  it('looks at no queued run when only the schedules of its Workflow went on', async () => {
    const world = new World();
    world.putWorkflow();
    for (const name of ['a', 'b']) world.put(name);
    await world.taken();
    world.putWorkflow({ lastSchedule: '2026-01-01T00:00:00Z' });
    expect(await world.taken()).toEqual([]);
    world.putWorkflow({ observedGeneration: 2 });
    expect(await world.taken()).toEqual(['n/a', 'n/b']);
  });

  it('looks again at a run that has not begun at the priority of new work', async () => {
    const world = new World();
    const later = vi.spyOn(world.controller.queue, 'addAfter');
    world.put('a');
    await world.work();
    expect(later.mock.calls).toEqual([['n/a', 3_000, 'new']]);
  });

  it('remembers nothing of runs and Workflows that are gone, also if they go while they are worked on', async () => {
    const world = new World();
    world.putWorkflow();
    const names = Array.from({ length: 50 }, (_, index) => `r${index}`);
    for (const name of names) world.put(name);
    world.whileWriting = () => {
      for (const name of names) world.remove(name);
      world.stores.workflows.remove('n/w');
    };
    await world.work();
    expect([world.memories.size, world.memories.concurrencyGate.size]).toEqual([0, 0]);
  });
});
