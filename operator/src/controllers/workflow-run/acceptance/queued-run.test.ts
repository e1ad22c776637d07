import { beforeEach, describe, expect, it } from 'vitest';
import { encodeEvent, encodeEvents, UNATTESTED, type Workflow, type WorkflowRun } from '../../../api/index.ts';
import { Plans } from '../../../definitions/index.ts';
import { accept, digestOfPage, encodeState, evolve } from '../../../engine/index.ts';
import { ApiError, type KubeClient } from '../../../runtime/index.ts';
import { createStores } from '../../stores/stores.ts';
import { testProofs } from '../../testing/proofs.ts';
import { identities } from '../../testing/proving.ts';
import { pinned } from '../../testing/revisions.ts';
import { followRuns } from '../concurrency/follow-runs.ts';
import { RunMemories } from '../memory.ts';
import { acceptRun } from './accept.ts';

const { signal } = new AbortController();
const spec = {
  parameters: [{ name: 'env', valueFrom: { configMapKeyRef: { name: 'settings', key: 'env' } } }],
  tasks: [
    { name: 'a', image: 'i', run: 'true', outputs: [{ name: 'text', type: 'String' as const }] },
    { name: 'last', image: 'i', run: 'true', needs: ['a'], env: { T: '${{ tasks.a.outputs.text }}' } },
  ],
};
const { noted, entry } = pinned(spec);
const ready = { type: 'Ready', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '' } as const;
const ended = { ...ready, type: 'Succeeded', reason: 'Succeeded' } as const;
const workflow: Workflow = {
  ...{ apiVersion: '', kind: '', metadata: { name: 'w', namespace: 'n', uid: 'w-uid', generation: 1 } },
  spec: { ...spec, concurrency: { limit: 1 } },
  status: { observedGeneration: 1, conditions: [ready], definition: noted },
};
const runOf = (name: string, more: object = {}, status?: WorkflowRun['status']): WorkflowRun => ({
  ...{ apiVersion: '', kind: '', metadata: { name, namespace: 'n', uid: `${name}-uid` } },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running', ...more },
  ...(status ? { status } : {}),
});

/** A server that notes what is asked of it, one run in progress, and a fork of an ended run that waits for its turn. */
class World {
  readonly requests: string[] = [];
  /** How often the state of the run that the fork repeats was read. */
  statesRead = 0;
  readonly #stores = createStores(false);
  readonly #memories = new RunMemories();
  readonly #fork = runOf('again', { from: { run: 'first', mode: 'Fork', task: 'last' } });
  #version = 0;

  constructor() {
    this.#stores.revisions.put(entry);
    this.#stores.workflows.put({ key: 'n/w', uid: 'w-uid', resourceVersion: '1', value: workflow });
    followRuns(this.#memories.concurrencyGate, this.#stores, () => undefined);
    this.put(this.#ended());
    this.put(runOf('busy', {}, { state: encodeState(accept('d', { env: 'dev' }, 0).state) }));
    this.put(this.#fork);
  }

  put(value: WorkflowRun): void {
    const { name, uid = '' } = value.metadata;
    this.#stores.runs.put({ key: `n/${name}`, uid, resourceVersion: String(++this.#version), value });
  }

  end(name: string): void {
    this.put({ ...runOf(name), status: { state: '{}', finishedAt: '2026-01-01T00:00:01Z' } });
  }

  async accept(): Promise<string> {
    this.requests.length = 0;
    this.statesRead = 0;
    const deps = {
      ...{ client: this.#client(), stores: this.#stores, plans: new Plans(), memories: this.#memories },
      ...{ proves: testProofs(), attests: UNATTESTED, identities: identities() },
    };
    const accepted = await acceptRun(deps, this.#fork, 0, signal);
    return 'reason' in accepted ? accepted.reason : 'Accepted';
  }

  /** A run that has ended, with its whole history in one page. */
  #ended(): WorkflowRun {
    const { state, encoded } = accept(noted.digest, {}, 0);
    const events = [
      { type: 'Started', t: 1, path: 'a', attempt: 0 },
      { type: 'Succeeded', t: 2, path: 'a', outputs: { text: 'x' } },
      { type: 'Finished', t: 3, phase: 'Failed', reason: 'TaskFailed', message: '' },
    ] as const;
    for (const event of events) evolve(state, event);
    const text = encodeEvents([encoded, ...events.map(encodeEvent)]);
    const newest = { firstSeq: 1, digest: digestOfPage({ firstSeq: 1, lastSeq: 4, events: text }) };
    const encodedState = encodeState(state);
    const reads = () => this.statesRead++;
    const status = {
      get state() {
        reads();
        return encodedState;
      },
      ...{ definition: noted, conditions: [ended], finishedAt: '2026-01-01T00:00:00Z' },
      journal: { firstSeq: 5, pages: 1, tail: '[]', newest },
    };
    return runOf('first', {}, status);
  }

  #client(): KubeClient {
    const note = (verb: string, { plural }: { plural: string }) => void this.requests.push(`${verb} ${plural}`);
    const client = {
      list: async (type: { plural: string }) => {
        note('list', type);
        return { items: [], metadata: {} };
      },
      get: async (type: { plural: string }) => {
        note('get', type);
        if (type.plural === 'configmaps') return { data: { env: 'dev' } };
        throw new ApiError(404, { reason: 'NotFound' });
      },
    };
    return client as unknown as KubeClient;
  }
}

describe('a run that waits for its turn', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  it('reads nothing of the history of the run that it repeats, and its parameters once', async () => {
    expect(await world.accept()).toBe('Queued');
    expect(world.requests).toEqual(['get configmaps', 'list workflowruns']);
  });

  it('costs no request and reads no state when it is looked at again', async () => {
    await world.accept();
    expect(await world.accept()).toBe('Queued');
    expect([world.requests, world.statesRead]).toEqual([[], 0]);
  });

  it('reads parameters and history when it is its turn', async () => {
    await world.accept();
    world.end('busy');
    await expect(world.accept()).rejects.toMatchObject({ reason: 'HistoryDamaged' });
    expect(world.requests).toContain('get configmaps');
    expect(world.requests).toContain('get runjournals');
    expect(world.statesRead).toBeGreaterThan(0);
  });
});
