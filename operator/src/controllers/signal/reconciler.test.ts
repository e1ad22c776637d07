import { beforeEach, describe, expect, it } from 'vitest';
import {
  API_VERSION,
  FINALIZER_ANSWERS,
  type Signal,
  type SignalStatus,
  UNATTESTED,
  type WorkflowRun,
} from '../../api/index.ts';
import { Plans } from '../../definitions/index.ts';
import {
  accept,
  definitionOf,
  digestOf,
  encodeState,
  evolve,
  liveAttempts,
  plan,
  type RunState,
} from '../../engine/index.ts';
import { labelsOfRun } from '../../pods/index.ts';
import { ApiError, type Clock, type KubeClient, realClock, WaitingError } from '../../runtime/index.ts';
import { keptRun } from '../stores/finished-runs.ts';
import { createStores, type Stores } from '../stores/stores.ts';
import { testProofs } from '../testing/proofs.ts';
import { identities } from '../testing/proving.ts';
import { pinned } from '../testing/revisions.ts';
import { SignalReconciler } from './reconciler.ts';

const definition = definitionOf({ tasks: [{ name: 'approve', approval: { message: 'Go?', approvals: 2 } }] });
const digest = digestOf(definition);
const NOW = Date.UTC(2026, 0, 1, 12);
const labels = labelsOfRun({ name: 'r', uid: 'u', workflow: 'w' });
const owner = { apiVersion: API_VERSION, kind: 'WorkflowRun', name: 'r', uid: 'u', controller: true };

let stores: Stores;
/** Runs as the API server has them: the cache keeps less of those that finished. */
let whole: Map<string, WorkflowRun>;
let now: number;
let calls: { verb: string; name: string; subresource?: string | undefined; operations?: unknown }[];
let refusal: ApiError | undefined;
let version = 0;

beforeEach(() => {
  stores = createStores(false);
  whole = new Map();
  now = NOW;
  calls = [];
  refusal = undefined;
  stores.revisions.put(pinned(definition).entry);
});

const entry = <T extends { metadata: { uid?: string } }>(key: string, value: T) => ({
  ...{ key, value },
  uid: value.metadata.uid ?? key,
  resourceVersion: String(++version),
});

function givenRun(name: string, state: RunState, more: Partial<WorkflowRun['status']> = {}): void {
  const status = { state: encodeState(state), seq: state.seq, definition: pinned(definition).noted, ...more };
  const metadata = { name, namespace: 'n', uid: name === 'r' ? 'u' : `uid-${name}` };
  const spec = { workflowRef: { name: 'w' }, desiredState: 'Running' as const };
  const run = { apiVersion: '', kind: '', metadata, spec, status } as WorkflowRun;
  whole.set(name, run);
  stores.runs.put(entry(`n/${name}`, keptRun(run)));
}

const fresh = () => accept(digest, {}, NOW - 1000).state;
const asking = () => evolve(fresh(), { type: 'Started', t: 1, path: 'approve', attempt: 0 });
const OVER = {
  phase: 'Succeeded' as const,
  finishedAt: '2026-01-01T12:00:00Z',
  conditions: [
    { type: 'Succeeded', status: 'True' as const, reason: 'Succeeded', message: '', lastTransitionTime: '' },
  ],
};

function givenSignal(more: { spec?: Partial<Signal['spec']>; metadata?: object; status?: SignalStatus } = {}): void {
  const name = 'r-approve';
  const own = { name, namespace: 'n', uid: 's-1', resourceVersion: '7', generation: 1, labels };
  const metadata = { ...own, ...more.metadata };
  const created = { creationTimestamp: new Date(NOW - 60_000).toISOString() };
  const spec = { type: 'Data' as const, run: 'r', name: 'x', ...more.spec };
  const signal = { apiVersion: '', kind: '', metadata: { ...created, ...metadata }, spec, status: more.status };
  stores.signals.put(entry('n/r-approve', signal as Signal));
}

/** What the task asks. */
function request(): Signal['spec']['request'] {
  const identity = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
  const rendered = liveAttempts({ identity, plan: plan(definition, digest), state: asking() })[0]?.rendered;
  return rendered?.backend === 'Signal' ? rendered.request : undefined;
}

/** What the operator wrote into the spec of the signal by which the task asks. */
const asks = (more: object = {}) => {
  const proof = proving.proofOf('Signal', 'r-approve', { namespace: 'n', uid: 'u' }, { path: 'approve', attempt: 0 });
  return { type: 'Approval', task: 'approve', name: undefined, request: request(), proof, ...more } as never;
};

const asked = (more: object = {}) => givenSignal({ spec: asks(), metadata: { ownerReferences: [owner] }, ...more });

const client = {
  get: async (_type: unknown, { name }: { name: string }) => {
    const run = whole.get(name);
    if (run) return run;
    calls.push({ verb: 'get', name });
    throw new ApiError(404, { reason: 'NotFound' });
  },
  patch: async (
    _t: unknown,
    { name }: { name: string },
    patch: { operations: unknown },
    more: { subresource?: string },
  ) => {
    calls.push({ verb: 'patch', name, subresource: more.subresource, operations: patch.operations });
    if (refusal) throw refusal;
  },
  delete: async (_type: unknown, { name }: { name: string }) => void calls.push({ verb: 'delete', name }),
} as unknown as KubeClient;

const proving = identities();

function reconcile() {
  const clock: Clock = { ...realClock, now: () => now };
  const { signal } = new AbortController();
  const people = { attests: UNATTESTED, proves: testProofs() };
  const deps = { client, stores, plans: new Plans(), clock, ...people, identities: proving };
  return new SignalReconciler(deps).reconcile('n/r-approve', { signal });
}

/** The status that was written. */
const written = (): SignalStatus | undefined => {
  const patch = calls.find(({ subresource }) => subresource === 'status');
  return (patch?.operations as { path: string; value: SignalStatus }[] | undefined)?.find(
    ({ path }) => path === '/status',
  )?.value;
};

describe('the status of a signal', () => {
  it('shows what is missing, and is not written again while nothing changes', async () => {
    givenRun('r', asking());
    asked();
    await reconcile();
    const status = written();
    expect(status).toMatchObject({ phase: 'Pending', votes: '0/2', responses: [] });
    asked({ status });
    calls = [];
    now += 3_600_000;
    expect(await reconcile()).toEqual({});
    expect(calls).toEqual([]);
  });

  it('says how the run judged it, with the votes that the run recorded', async () => {
    const votes = [
      { username: 'ada', at: 2, decision: 'Approve' as const },
      { username: 'eve', at: 3, decision: 'Approve' as const, void: 'NotAsked' },
      { username: 'bob', at: 4, decision: 'Approve' as const },
    ];
    const verdict = {
      type: 'Judged',
      t: 5,
      uid: 's-1',
      phase: 'Delivered',
      reason: 'Approved',
      path: 'approve',
    } as const;
    const tail = JSON.stringify([['V', 5, 'approve', votes]]);
    givenRun('r', evolve(asking(), verdict), { journal: { firstSeq: 1, pages: 0, tail } });
    asked();
    await reconcile();
    expect(written()).toMatchObject({
      ...{ phase: 'Delivered', votes: '2/2', run: 'r', task: 'approve' },
      responses: [
        { username: 'ada', counts: true },
        { username: 'eve', counts: false, reason: 'NotAsked' },
        { username: 'bob', counts: true },
      ],
    });
  });

  it('of one that only claims to be asked by is an end, and one whose task has ended without it too', async () => {
    asked({ spec: asks({ proof: undefined }), metadata: {} });
    await reconcile();
    expect(written()).toMatchObject({ phase: 'Rejected', conditions: [{ reason: 'NotAsked' }] });
    calls = [];
    const failure = { reason: 'TimedOut', message: '' };
    givenRun('r', evolve(asking(), { type: 'Failed', t: 2, path: 'approve', failure }));
    asked();
    await reconcile();
    expect(written()).toMatchObject({ phase: 'Expired', conditions: [{ reason: 'TaskEnded' }] });
  });

  it('of one that shows something else than what its task asks is an end, whatever owner it names', async () => {
    givenRun('r', asking());
    const forged = { ...request(), message: 'Nothing to see' };
    asked({ spec: asks({ request: forged }) });
    await reconcile();
    expect(written()).toMatchObject({ phase: 'Rejected', conditions: [{ reason: 'NotAsked' }] });
  });

  it('is not kept of what a task asked by, and nobody answered because data came otherwise', async () => {
    const spec = { type: 'Input', task: 'approve', name: undefined, request: { digest: 'd' } };
    const taken = evolve(asking(), { type: 'Succeeded', t: 2, path: 'approve' });
    givenRun('r', taken);
    givenSignal({ spec: spec as never, metadata: { ownerReferences: [owner] } });
    await reconcile();
    expect(calls).toEqual([{ verb: 'delete', name: 'r-approve' }]);
    calls = [];
    givenRun('r', taken, OVER);
    await reconcile();
    expect(written()).toMatchObject({ phase: 'Expired', conditions: [{ reason: 'TaskEnded' }] });
  });

  it('is read again where somebody changed it meanwhile', async () => {
    givenRun('r', asking());
    asked();
    refusal = new ApiError(422, { reason: 'Invalid' });
    await expect(reconcile()).rejects.toBeInstanceOf(WaitingError);
  });
});

describe('whoever may answer', () => {
  const CHANGES = [
    ['takes the owner away', { ownerReferences: undefined }],
    ['names another owner', { ownerReferences: [{ ...owner, uid: 'of-another' }] }],
    ['adds an owner that is not there', { ownerReferences: [{ ...owner, uid: 'none', controller: false }] }],
    ['takes the labels away', { labels: undefined }],
    ['changes a label', { labels: { ...labels, 'flow.ado.dev/run-uid': 'of-another' } }],
    ['does all of it', { ownerReferences: [], labels: {}, annotations: {}, finalizers: ['x/y'] }],
  ] as const;

  it.each(CHANGES)('and %s changes nothing: it waits as before, and is put right', async (_what, change) => {
    givenRun('r', asking());
    asked({ metadata: { ownerReferences: [owner], ...change } });
    await reconcile();
    expect(calls).toMatchObject([{ verb: 'patch', subresource: undefined }]);
    const operations = (calls[0]?.operations ?? []) as { path: string; value: unknown }[];
    const written = new Map(operations.map(({ path, value }) => [path, value]));
    expect(written.get('/metadata/ownerReferences')).toMatchObject([{ uid: 'u', controller: true }]);
    expect(written.get('/metadata/labels')).toMatchObject(labels);
    calls = [];
    asked();
    await reconcile();
    expect(calls).toMatchObject([{ subresource: 'status', operations: [{}, { value: { phase: 'Pending' } }] }]);
  });

  it('and writes owners on data has nothing put right: it is theirs', async () => {
    givenRun('r', asking());
    givenSignal({ metadata: { ownerReferences: [owner], labels: {} } });
    await reconcile();
    expect(calls).toMatchObject([{ subresource: 'status' }]);
  });

  it('and takes owner and labels of one that is held does not have it let go with its votes', async () => {
    givenRun('r', asking());
    const metadata = { deletionTimestamp: 'now', finalizers: [FINALIZER_ANSWERS], labels: {}, ownerReferences: [] };
    asked({ spec: asks({ responses: [{ username: 'ada', decision: 'Approve' }] }), metadata });
    expect(await reconcile()).toEqual({ requeueAfter: 2000 });
    expect(calls).toEqual([]);
  });
});

describe('an approval that is held for its answers', () => {
  const held = { ownerReferences: [owner], finalizers: ['x/y', FINALIZER_ANSWERS] };
  const deleted = { ...held, deletionTimestamp: '2026-01-01T11:59:00Z' };
  const ada = { username: 'ada', decision: 'Approve' as const };
  const givenDeleted = () => asked({ spec: asks({ responses: [ada] }), metadata: deleted });
  const LET_GO = [
    {
      verb: 'patch',
      operations: [
        { op: 'test', value: '7' },
        { path: '/metadata/finalizers', value: ['x/y'] },
      ],
    },
  ];

  it('is let go when it has ended, and not while it waits', async () => {
    givenRun('r', asking());
    asked({ metadata: held });
    await reconcile();
    expect(calls).toMatchObject([{ subresource: 'status' }]);
    calls = [];
    asked({ metadata: held, status: { phase: 'Delivered', run: 'r' } });
    await reconcile();
    expect(calls).toMatchObject(LET_GO);
  });

  it('is let go when somebody deletes it, but no sooner than its run has recorded what was answered', async () => {
    givenRun('r', asking());
    givenDeleted();
    expect(await reconcile()).toEqual({ requeueAfter: 2000 });
    expect(calls).toEqual([]);
    givenRun('r', evolve(asking(), { type: 'Responded', t: 2, path: 'approve', votes: [{ ...ada, at: 2 }] }));
    expect(await reconcile()).toEqual({});
    expect(calls).toMatchObject(LET_GO);
  });

  it('is let go when its run is gone, if a live read says the same, or goes itself', async () => {
    givenDeleted();
    await reconcile();
    expect(calls).toMatchObject([{ verb: 'get', name: 'r' }, ...LET_GO]);
    calls = [];
    givenRun('r', asking());
    const run = stores.runs.get('n/r') as WorkflowRun;
    stores.runs.put(entry('n/r', { ...run, metadata: { ...run.metadata, deletionTimestamp: 'now' } }));
    await reconcile();
    expect(calls).toMatchObject(LET_GO);
  });

  it('is looked at again where somebody answered meanwhile', async () => {
    givenRun('r', asking());
    asked({ metadata: deleted });
    refusal = new ApiError(422, { reason: 'Invalid' });
    await expect(reconcile()).rejects.toBeInstanceOf(WaitingError);
  });
});

describe('data', () => {
  it('that is taken at once is written to once', async () => {
    givenRun('r', fresh());
    givenSignal({ metadata: { creationTimestamp: new Date(NOW - 1000).toISOString() } });
    expect(await reconcile()).toEqual({ requeueAfter: 2000 });
    expect(calls).toEqual([]);
  });

  it('waits for a task by its name, until the run has ended', async () => {
    givenRun('r', fresh());
    givenSignal();
    await reconcile();
    expect(written()).toMatchObject({ phase: 'Pending', waitingFor: 'a task of r that waits for x' });
    calls = [];
    givenRun('r', fresh(), OVER);
    await reconcile();
    expect(written()).toMatchObject({ phase: 'Rejected', run: 'r', conditions: [{ reason: 'RunEnded' }] });
  });

  it('says so when a thousand others wait for the same run', async () => {
    givenRun('r', fresh());
    givenSignal();
    const signal = stores.signals.get('n/r-approve') as Signal;
    for (let index = 0; index < 1_000; index++) {
      const metadata = { ...signal.metadata, name: `s${index}`, uid: `other-${index}` };
      stores.signals.put(entry(`n/s${index}`, { ...signal, metadata }));
    }
    await reconcile();
    expect(written()?.waitingFor).toContain('more than 1000 signals wait for it');
  });

  it('waits for the successor of a run that was continued', async () => {
    givenRun('r', fresh(), { ...OVER, chain: { root: 'r', index: 0, next: 'r-c1' } });
    givenSignal();
    await reconcile();
    expect(written()).toMatchObject({ phase: 'Pending' });
  });

  it('for a run that does not come is rejected after ten minutes, if a live read says the same', async () => {
    givenSignal();
    expect(await reconcile()).toEqual({ requeueAfter: 9 * 60_000 });
    expect(written()).toMatchObject({ phase: 'Pending', waitingFor: 'a run named r' });
    calls = [];
    now += 10 * 60_000;
    await reconcile();
    expect(calls[0]).toMatchObject({ verb: 'get', name: 'r' });
    expect(written()).toMatchObject({ phase: 'Rejected', conditions: [{ reason: 'RunNotFound' }] });
  });

  it('that has ended goes with the run that took it, or after an hour', async () => {
    const conditions = [
      {
        type: 'Succeeded',
        status: 'True' as const,
        reason: 'x',
        message: '',
        lastTransitionTime: new Date(NOW).toISOString(),
      },
    ];
    givenRun('r', fresh());
    givenSignal({ status: { phase: 'Delivered', run: 'r', conditions } });
    await reconcile();
    expect(calls).toMatchObject([{ verb: 'patch', operations: [{}, { value: [{ name: 'r', uid: 'u' }] }] }]);
    calls = [];
    stores.runs.remove('n/r');
    expect(await reconcile()).toEqual({ requeueAfter: 3_600_000 });
    now += 3_600_001;
    await reconcile();
    expect(calls).toEqual([{ verb: 'delete', name: 'r-approve' }]);
  });
});
