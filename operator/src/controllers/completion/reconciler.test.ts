import { describe, expect, it } from 'vitest';
import { type Completion, objectKey, UNATTESTED, type Workflow, type WorkflowRun } from '../../api/index.ts';
import { ApiError, type KubeClient, type Patch, Store } from '../../runtime/index.ts';
import { BY_COMPLETION_SOURCE, completionSources } from '../stores/completion-sources.ts';
import { testProofs } from '../testing/proofs.ts';
import { isKeptForTrigger } from '../workflow/retention-guard.ts';
import { completionStatuses } from './awaiting.ts';
import { CompletionReconciler } from './reconciler.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');

function workflow(completions: readonly Completion[], ready = true): Workflow {
  const made: Workflow = {
    apiVersion: '',
    kind: '',
    metadata: { name: 'ship', namespace: 'shop', uid: 'w-1', generation: 1 },
    spec: { tasks: [], triggers: { completions: [...completions] } },
  };
  const status = ready ? ('True' as const) : ('False' as const);
  const conditions = [{ type: 'Ready', status, reason: 'x', message: '', lastTransitionTime: '' }];
  const counting = completionStatuses(made, NOW - 1000);
  return { ...made, status: { observedGeneration: 1, conditions, ...(counting ? { completions: counting } : {}) } };
}

const source: WorkflowRun = {
  apiVersion: '',
  kind: '',
  metadata: { name: 'build-1', namespace: 'shop', uid: 'r-1' },
  spec: { workflowRef: { name: 'build' }, desiredState: 'Running' },
  status: {
    finishedAt: new Date(NOW).toISOString(),
    conditions: [{ type: 'Succeeded', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '' }],
  },
};

const proves = testProofs();

/** Where the process dies: at which write, and whether the API server has done it by then. */
interface Crash {
  readonly write: number;
  readonly isDone: boolean;
}

/** An API server that keeps what is created, and a cache that is equal to it but for what a test holds back. */
class World {
  readonly server = new Map<string, WorkflowRun>();
  readonly runs = new Store<WorkflowRun>();
  readonly workflows = new Store<Workflow>({ indexes: { [BY_COMPLETION_SOURCE]: completionSources } });
  readonly created: string[] = [];
  readonly told: string[] = [];
  #version = 0;
  #writes = 0;
  crash: Crash | undefined;

  constructor(target: Workflow, first: WorkflowRun = source) {
    this.workflows.put({ key: 'shop/ship', uid: 'w-1', resourceVersion: '1', value: target });
    this.store(first);
    this.sync();
  }

  store(run: WorkflowRun): void {
    const metadata = { ...run.metadata, resourceVersion: String(++this.#version) };
    this.server.set(objectKey(metadata), { ...run, metadata });
  }

  sync(): void {
    const entries = [...this.server].map(([key, value]) => {
      const { uid = '', resourceVersion = '' } = value.metadata;
      return { key, uid, resourceVersion, value };
    });
    this.runs.replace(entries);
  }

  /** One process: it reconciles until it has done so or died. */
  async process(): Promise<void> {
    const client = { get: this.get, create: this.create, patch: this.patch } as unknown as KubeClient;
    const event = (_of: unknown, _type: string, reason: string, _action: string, note: string) =>
      void this.told.push(`${reason}: ${note}`);
    const reconciler = new CompletionReconciler({
      ...{ client, stores: this, recorder: { event }, attests: UNATTESTED, proves },
    });
    await reconciler.reconcile('shop/build-1', { signal: new AbortController().signal } as never);
  }

  /** Deletes whatever retention may, as soon as it may. */
  retain(): void {
    this.sync();
    for (const run of this.runs.values()) {
      if (run.status?.finishedAt && !isKeptForTrigger(this, run, NOW)) this.server.delete(objectKey(run.metadata));
    }
    this.sync();
  }

  /** Ends the runs that were made. */
  end(): void {
    for (const run of this.server.values())
      if (run.spec.origin && source.status) this.store({ ...run, status: source.status });
  }

  get = async (_type: unknown, meta: WorkflowRun['metadata']): Promise<WorkflowRun> => {
    const found = this.server.get(objectKey(meta));
    if (!found) throw new ApiError(404, { reason: 'NotFound' });
    return found;
  };

  create = async (_type: unknown, run: WorkflowRun): Promise<WorkflowRun> => {
    if (this.server.has(objectKey(run.metadata))) throw new ApiError(409, { reason: 'AlreadyExists' });
    this.#write(() => {
      this.created.push(run.metadata.name);
      this.store({ ...run, metadata: { ...run.metadata, uid: `uid-${run.metadata.name}` } });
    });
    return run;
  };

  patch = async (_type: unknown, meta: WorkflowRun['metadata'], patch: Patch): Promise<void> => {
    const found = await this.get(_type, meta);
    const [test, add] = (patch as unknown as { operations: { value: never }[] }).operations;
    if (test?.value !== found.metadata.resourceVersion) throw new ApiError(422, { reason: 'Invalid' });
    this.#write(() => this.store({ ...found, status: { ...found.status, completions: add?.value } }));
  };

  #write(act: () => void): void {
    const dies = ++this.#writes === this.crash?.write;
    if (!dies || this.crash?.isDone) act();
    if (dies) throw new Error('the process has died');
  }
}

const built: Completion = { name: 'built', workflow: 'build' };
const twice: Completion[] = [built, { name: 'also', workflow: 'build' }];

describe('the end of a run', () => {
  it('makes a run for each trigger, marks itself, and then there is nothing to do', async () => {
    const world = new World(workflow(twice));
    await world.process();
    expect(world.created).toHaveLength(2);
    world.sync();
    expect(world.runs.get('shop/build-1')?.status?.completions).toHaveLength(2);
    await world.process();
    expect(world.created).toHaveLength(2);
    expect(world.told[0]).toMatch(/^RunStarted: started run ship-\w+ after run build-1$/);
  });

  const crashes = [1, 2, 3].flatMap((write) => [true, false].map((isDone) => ({ write, isDone })));
  it.each(crashes)('makes each run once though the process dies at write $write, done: $isDone', async (crash) => {
    const world = new World(workflow(twice));
    world.crash = crash;
    await expect(world.process()).rejects.toThrow('the process has died');
    world.end();
    world.retain();
    await world.process();
    world.end();
    world.retain();
    await world.process();
    expect(world.created).toHaveLength(2);
    expect(new Set(world.created).size).toBe(2);
    expect([...world.server.keys()]).toEqual([]);
  });

  it('makes nothing again where the cache does not know yet what was done', async () => {
    const world = new World(workflow([built]));
    await world.process();
    world.server.delete(`shop/${world.created[0]}`);
    await world.process();
    expect(world.created).toHaveLength(1);
  });

  it('is tried again when the run has changed meanwhile, and makes nothing twice', async () => {
    const world = new World(workflow([built]));
    const create = world.create;
    world.create = async (type, run) => {
      const made = await create(type, run);
      world.store(world.server.get('shop/build-1') ?? source);
      return made;
    };
    await expect(world.process()).rejects.toThrow();
    world.create = create;
    await world.process();
    expect(world.created).toHaveLength(1);
  });

  it('waits for a Workflow that is not valid, and marks where a trigger refuses', async () => {
    const waiting = new World(workflow([built], false));
    await waiting.process();
    expect(waiting.created).toEqual([]);
    const refused = new World(workflow([{ ...built, with: { unknown: 'x' } }]));
    await refused.process();
    await refused.process();
    expect(refused.created).toEqual([]);
    expect(refused.told).toEqual([
      'TriggerRefused: trigger "built" started no run after run build-1: with: "unknown" is not a parameter of the workflow; it has: none',
    ]);
  });

  it('takes another name where a stranger has the first, and never a stranger', async () => {
    const first = new World(workflow([built]));
    await first.process();
    const [name = ''] = first.created;
    const world = new World(workflow([built]));
    world.store({ ...source, metadata: { name, namespace: 'shop', uid: 'stranger' } });
    await world.process();
    expect(world.created).toHaveLength(1);
    expect(world.created).not.toContain(name);
  });
});
