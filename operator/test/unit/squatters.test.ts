/** Every trigger that makes runs, against whoever has taken the name of the run before: a table of both. */
import { describe, expect, it } from 'vitest';
import {
  ANNOTATION_COMPLETIONS,
  ANNOTATION_DIGEST,
  API_VERSION,
  type Backfill,
  objectKey,
  UNATTESTED,
  type Workflow,
  type WorkflowRun,
} from '../../src/api/index.ts';
import { BackfillReconciler } from '../../src/controllers/backfill/reconciler.ts';
import { completionStatuses } from '../../src/controllers/completion/awaiting.ts';
import { CompletionReconciler } from '../../src/controllers/completion/reconciler.ts';
import { tellOfTakenNames } from '../../src/controllers/name-taken.ts';
import { createStores } from '../../src/controllers/stores/stores.ts';
import { testProofs } from '../../src/controllers/testing/proofs.ts';
import { changeOf, makeRun as makeChangeRun } from '../../src/controllers/workflow/on-change.ts';
import { makeSlotRun } from '../../src/controllers/workflow/slot-run.ts';
import { ApiError, type KubeClient, realClock } from '../../src/runtime/index.ts';
import { makeRun as makeRequestRun } from '../../src/webhooks/run.ts';

const { signal } = new AbortController();
const SLOT = Date.UTC(2026, 4, 1, 3);
const SINCE = '2025-01-01T00:00:00Z';
const schedule = { name: 'nightly', cron: '0 3 * * *' };
const built = { name: 'built', workflow: 'build' };
const push = { name: 'push', auth: { token: { secretKeyRef: { name: 's', key: 'k' } } } };
const READY = [{ type: 'Ready', status: 'True' as const, reason: 'Valid', message: '', lastTransitionTime: '' }];

const workflow: Workflow = {
  apiVersion: API_VERSION,
  kind: 'Workflow',
  metadata: { name: 'ship', namespace: 'shop', uid: 'w-1', generation: 1 },
  spec: {
    tasks: [],
    triggers: { onChange: { of: ['Tasks'] }, schedules: [schedule], completions: [built], webhooks: [push] },
  },
  status: {
    ...{ observedGeneration: 1, conditions: READY, firstSeen: { at: SINCE } },
    definition: { digest: 'd', revision: 'r' },
  },
};
const ended: WorkflowRun = {
  apiVersion: API_VERSION,
  kind: 'WorkflowRun',
  metadata: { name: 'build-1', namespace: 'shop', uid: 'r-1' },
  spec: { workflowRef: { name: 'build' }, desiredState: 'Running' },
  status: {
    finishedAt: '2026-05-01T00:00:00Z',
    conditions: [{ type: 'Succeeded', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '' }],
  },
};

/** An API server with an operator that dies whenever it has made a run, before it has noted so. */
class World {
  readonly server = new Map<string, WorkflowRun | Workflow | Backfill>();
  readonly created: WorkflowRun[] = [];
  readonly told: string[] = [];
  readonly patches: object[] = [];
  readonly stores = createStores(false);
  readonly proves = testProofs();
  readonly attests = UNATTESTED;
  readonly clock = { ...realClock, now: () => Date.UTC(2026, 5, 1) };
  readonly metrics = {} as never;
  readonly recorder = {
    event: (_of: unknown, _type: string, reason: string, _action: string, note: string) =>
      void this.told.push(`${reason}: ${note}`),
  };
  readonly client = {
    create: async (_type: unknown, run: WorkflowRun) => {
      const key = objectKey(run.metadata);
      if (this.server.has(key)) throw new ApiError(409, { reason: 'AlreadyExists' });
      const metadata = { ...run.metadata, uid: `uid-${run.metadata.name}`, creationTimestamp: '2026-06-01T00:00:00Z' };
      const made = { ...run, metadata };
      this.server.set(key, made);
      this.created.push(made);
      return made;
    },
    get: async (_type: unknown, metadata: WorkflowRun['metadata']) => {
      const found = this.server.get(objectKey(metadata));
      if (!found) throw new ApiError(404, { reason: 'NotFound' });
      return found;
    },
    patch: async (_type: unknown, _ref: unknown, patch: object) => void this.patches.push(patch),
  } as unknown as KubeClient;

  constructor(squatters: readonly WorkflowRun[] = []) {
    const completions = [{ name: 'built', digest: digestOfBuilt(), since: SINCE }];
    const value = { ...workflow, status: { ...workflow.status, completions } };
    this.stores.workflows.put({ key: 'shop/ship', uid: 'w-1', resourceVersion: '1', value });
    this.server.set('shop/build-1', ended);
    for (const squatter of squatters) this.server.set(objectKey(squatter.metadata), squatter);
    this.hear();
  }

  /** The caches show what the server has. */
  hear(): void {
    const entries = [...this.server].map(([key, value]) => ({
      ...{ key, uid: value.metadata.uid ?? '', resourceVersion: String(Math.random()), value: value as WorkflowRun },
    }));
    this.stores.runs.replace(entries.filter(({ value }) => value.kind === 'WorkflowRun'));
  }
}

/** As the trigger has it; it is what `completionStatuses` notes of it. */
function digestOfBuilt(): string {
  const [entry] = completionStatuses(workflow, 0) ?? [];
  return entry?.digest ?? '';
}

type Trigger = (world: World) => Promise<unknown>;

const backfill: Backfill = {
  apiVersion: API_VERSION,
  kind: 'Backfill',
  metadata: { name: 'may', namespace: 'shop', uid: 'b-1', resourceVersion: '1' },
  spec: {
    ...{ workflow: 'ship', schedule: 'nightly', from: '2026-05-01T00:00:00Z', to: '2026-05-02T00:00:00Z' },
    desiredState: 'Running',
  },
};

const TRIGGERS: readonly (readonly [string, Trigger])[] = [
  [
    'onChange',
    async (world) => {
      const change = changeOf(workflow, { runs: [], now: 0 }, world.proves);
      if (change === 'Stopped' || !change?.run) throw new Error('no run is called for');
      return makeChangeRun(world as never, workflow, change.run, signal);
    },
  ],
  [
    'a schedule',
    async (world) => {
      const made = await makeSlotRun(world, { workflow, schedule, slot: SLOT, declared: [] }, signal);
      if (made.type === 'Refused') throw new Error(made.message);
      tellOfTakenNames(world.recorder, workflow, made.strangers ?? [], made.run.metadata.name);
    },
  ],
  [
    'a Backfill',
    (world) => {
      world.server.set('shop/may', backfill);
      world.stores.backfills.put({ key: 'shop/may', uid: 'b-1', resourceVersion: '1', value: backfill });
      return new BackfillReconciler(world).reconcile('shop/may', { signal } as never);
    },
  ],
  ['a completion', (world) => new CompletionReconciler(world).reconcile('shop/build-1', { signal } as never)],
  [
    'a webhook',
    async (world) => {
      const options = { ...world, runs: world.stores.runs, type: { plural: 'workflowruns' } as never };
      const made = await makeRequestRun(options, { workflow, webhook: push as never, key: 'k', parameters: [] });
      if (made.strangers.length > 0) world.told.push(`NameTaken: ${made.strangers.join(' ')} ${made.run}`);
    },
  ],
];

/** What whoever may create runs can write, where there is neither webhook nor policy: all but a proof. */
const SQUATTERS: readonly (readonly [string, (genuine: WorkflowRun) => WorkflowRun])[] = [
  ['a bare run', ({ metadata: { name, namespace } }) => stranger({ name, ...(namespace ? { namespace } : {}) })],
  ['its marks, without a proof', ({ metadata, spec: { provenance: _none, ...spec } }) => stranger(metadata, spec)],
  [
    'a made-up proof',
    ({ metadata, spec }) => stranger(metadata, { ...spec, provenance: { ...said(spec), proof: 'x' } }),
  ],
  [
    'the proof of it, for other parameters',
    ({ metadata, spec }) => stranger(metadata, { ...spec, parameters: [{ name: 'p', value: 'evil' }] }),
  ],
  [
    'the proof of it, asked by nobody',
    ({ metadata, spec }) => stranger(metadata, { ...spec, provenance: { ...said(spec), unknown: false } }),
  ],
  [
    'the annotations of earlier versions',
    ({ metadata, spec: { provenance, ...spec } }) =>
      stranger(
        { ...metadata, annotations: { [ANNOTATION_DIGEST]: provenance?.key ?? '', [ANNOTATION_COMPLETIONS]: 'x' } },
        spec,
      ),
  ],
];

const said = ({ provenance }: WorkflowRun['spec']) => provenance as NonNullable<typeof provenance>;

function stranger(metadata: WorkflowRun['metadata'], spec: Partial<WorkflowRun['spec']> = {}): WorkflowRun {
  return {
    ...{ apiVersion: API_VERSION, kind: 'WorkflowRun' },
    metadata: { ...metadata, uid: 'of-mallory', creationTimestamp: '2026-06-01T00:00:00Z' },
    spec: { workflowRef: { name: 'ship' }, desiredState: 'Running', ...spec },
  };
}

async function genuineOf(trigger: Trigger): Promise<WorkflowRun> {
  const world = new World();
  await trigger(world);
  const [run] = world.created;
  if (!run || world.created.length !== 1)
    throw new Error(`the trigger makes ${world.created.length} runs: ${JSON.stringify(world.patches)}`);
  return run;
}

const CASES = TRIGGERS.flatMap(([name, trigger]) =>
  SQUATTERS.map(([what, squat]) => [name, what, trigger, squat] as const),
);

describe('the run of a trigger', () => {
  it.each(TRIGGERS)('of %s is made once, by its first name, whatever is lost', async (_name, trigger) => {
    const world = new World();
    for (let process = 0; process < 3; process++) {
      await trigger(world);
      world.hear();
    }
    expect(world.created).toHaveLength(1);
    expect(world.told.filter((line) => line.startsWith('NameTaken'))).toEqual([]);
  });

  it.each(TRIGGERS)('of %s is found where an operator of before proofs had made it', async (_name, trigger) => {
    const { metadata, spec } = await genuineOf(trigger);
    const { provenance, ...before } = spec;
    const digest = spec.origin?.digest ?? provenance?.key ?? '';
    const annotations = { [ANNOTATION_DIGEST]: digest };
    const old = { ...stranger({ ...metadata, annotations }, before) };
    const world = new World([{ ...old, metadata: { ...old.metadata, creationTimestamp: '2024-01-01T00:00:00Z' } }]);
    await trigger(world);
    expect(world.created).toEqual([]);
    expect(world.told.filter((line) => line.startsWith('NameTaken'))).toEqual([]);
  });

  it.each(CASES)('of %s is not kept away by %s', async (_name, _what, trigger, squat) => {
    const genuine = await genuineOf(trigger);
    const squatter = squat(genuine);
    const world = new World([squatter]);
    await trigger(world);
    world.hear();
    expect(world.created).toHaveLength(1);
    const [made] = world.created;
    expect(made?.metadata.name).not.toBe(genuine.metadata.name);
    expect(made?.spec).toMatchObject({
      origin: genuine.spec.origin,
      provenance: { key: genuine.spec.provenance?.key },
    });
    const [told = ''] = world.told.filter((line) => line.startsWith('NameTaken'));
    expect(told).toContain(genuine.metadata.name);
    expect(told).toContain(made?.metadata.name);
    // Whoever made it may take it away again: there is one run all the same.
    world.server.delete(objectKey(squatter.metadata));
    world.hear();
    await trigger(world);
    expect(world.created).toHaveLength(1);
  });
});
