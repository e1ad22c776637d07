import { describe, expect, it } from 'vitest';
import {
  type Definition,
  decodeEvents,
  encodeEvent,
  type HistoryEvent,
  LABEL_ATTEMPT,
  LABEL_RUN_UID,
  type Task,
  UNATTESTED,
  type Workflow,
  type WorkflowRun,
} from '../../../api/index.ts';
import { Content, Plans } from '../../../definitions/index.ts';
import { accept, encodeState, evolve } from '../../../engine/index.ts';
import type { KubeClient } from '../../../runtime/index.ts';
import { keptRun } from '../../stores/finished-runs.ts';
import { createStores } from '../../stores/stores.ts';
import { testProofs } from '../../testing/proofs.ts';
import { identities } from '../../testing/proving.ts';
import { pinned } from '../../testing/revisions.ts';
import { RunMemories } from '../memory.ts';
import { acceptRun } from './accept.ts';
import type { Accepted } from './acceptance.ts';

const { signal } = new AbortController();
const proving = identities();
const APPROVE: Task = { name: 'approve', approval: { message: 'Ship ${{ params.version }}?', notRequester: true } };
const SHIP: Task = { name: 'ship', image: 'i', run: 'ship', needs: ['approve'] };
const RELEASE: Definition = { parameters: [{ name: 'version', default: '1.0' }], tasks: [APPROVE, SHIP] };

/** What happened in the first run: bob approved, and what was to be shipped failed. */
const APPROVED: HistoryEvent[] = [
  { type: 'Started', t: 1, path: 'approve', attempt: 0 },
  { type: 'Responded', t: 2, path: 'approve', votes: [{ username: 'bob', at: 2, decision: 'Approve' }] },
  { type: 'Succeeded', t: 3, path: 'approve', outputs: { decision: 'Approve', approvers: ['bob'], comment: '' } },
  { type: 'Started', t: 4, path: 'ship', attempt: 0 },
  { type: 'Failed', t: 5, path: 'ship', failure: { reason: 'ExitCode', message: '' } },
  { type: 'Finished', t: 6, phase: 'Failed', reason: 'TasksFailed', message: '' },
];

type From = NonNullable<WorkflowRun['spec']['from']>;

/** A namespace with one Workflow, a run of it that ended, and what becomes of those that repeat it. */
class World {
  readonly stores = createStores(false);
  /** As the API server has them: the cache keeps less of those that finished. */
  readonly whole = new Map<string, WorkflowRun>();
  #version = 0;
  readonly #attests = { ...UNATTESTED, requester: ({ spec }: WorkflowRun) => spec.requester?.groups?.[0] === 'proven' };

  constructor(first: Definition = RELEASE, events = APPROVED, newest: Definition = first) {
    for (const definition of [first, newest]) this.pin(definition);
    this.#workflow('w', newest);
    const content = Content.of(first);
    const { state, encoded } = accept(content.digest, { version: '1.0' }, 0);
    for (const event of events) evolve(state, event);
    const tail = `[${[encoded, ...events.map(encodeEvent)].join(',')}]`;
    const ended = {
      type: 'Succeeded',
      status: 'False',
      reason: 'TasksFailed',
      message: '',
      lastTransitionTime: '',
    } as const;
    this.put({
      ...runOf('first', 'ada'),
      status: {
        ...{ definition: pinned(first).noted, state: encodeState(state), conditions: [ended] },
        ...{ requesters: { usernames: ['ada'] }, journal: { firstSeq: 1, pages: 0, tail } },
        ...{ finishedAt: '1970-01-01T00:00:00Z', seq: state.seq },
      },
    });
  }

  pin(definition: Definition, workflow = 'w'): void {
    this.stores.revisions.put(pinned(definition, { workflow, uid: `${workflow}-uid` }).entry);
  }

  /** Forgets what the first run executed. */
  forget(definition: Definition): void {
    this.stores.revisions.remove(pinned(definition).entry.key);
  }

  child(definition: Definition, executed: Definition, proof?: string): void {
    for (const each of [definition, executed]) this.pin(each, 'sub');
    this.#workflow('sub', definition);
    const name = 'first-child';
    const attempt = { path: 'child', attempt: 0 };
    const code = proof ?? proving.proofOf('WorkflowRun', name, { namespace: 'n', uid: 'first-uid' }, attempt);
    this.put({
      ...runOf(name, 'ada', { workflowRef: { name: 'sub' } }),
      metadata: {
        ...{ name, namespace: 'n', uid: 'child-uid' },
        labels: { [LABEL_RUN_UID]: 'first-uid', [LABEL_ATTEMPT]: '0' },
        annotations: { 'flow.ado.dev/task': 'child', 'flow.ado.dev/proof': code },
      },
      status: { definition: pinned(executed, { workflow: 'sub' }).noted },
    });
  }

  put(run: WorkflowRun): void {
    const { name, uid = '' } = run.metadata;
    this.whole.set(name, run);
    this.stores.runs.put({ key: `n/${name}`, uid, resourceVersion: String(++this.#version), value: keptRun(run) });
  }

  /** What a run that repeats the first takes over, and what it says of the rest. */
  async repeated(from: Partial<From> = {}, by = 'ada', value?: string) {
    const spec = { from: { run: 'first', mode: 'Retry', ...from } as From };
    const parameters = value === undefined ? {} : { parameters: [{ name: 'version', value }] };
    const get = async (_type: unknown, { name }: { name: string }) => this.whole.get(name);
    const client = { get } as unknown as KubeClient;
    const deps = {
      ...{ client, stores: this.stores, plans: new Plans(), memories: new RunMemories() },
      ...{ proves: testProofs(), attests: this.#attests, identities: proving },
    };
    const accepted = (await acceptRun(deps, runOf('again', by, { ...spec, ...parameters }), 0, signal)) as Accepted;
    const copied = decodeEvents(`[${accepted.encoded.join(',')}]`).find(({ type }) => type === 'Copied');
    const kept = copied?.type === 'Copied' ? Object.keys(copied.tasks) : [];
    return {
      kept,
      repeated: accepted.lineage?.repeated,
      history: copied?.type === 'Copied' ? copied.repeated : undefined,
    };
  }

  #workflow(name: string, definition: Definition): void {
    const ready = { type: 'Ready', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '' } as const;
    const value: Workflow = {
      ...{ apiVersion: '', kind: '', metadata: { name, namespace: 'n', uid: `${name}-uid`, generation: 1 } },
      spec: definition,
      status: {
        ...{ observedGeneration: 1, conditions: [ready] },
        definition: pinned(definition, { workflow: name }).noted,
      },
    };
    this.stores.workflows.put({ key: `n/${name}`, uid: `${name}-uid`, resourceVersion: '1', value });
  }
}

const runOf = (name: string, username: string, spec: object = {}): WorkflowRun => ({
  ...{ apiVersion: '', kind: '', metadata: { name, namespace: 'n', uid: `${name}-uid` } },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running', requester: { username, groups: ['proven'] }, ...spec },
});

describe('a run that repeats another', () => {
  it('keeps what was approved for the same run of the same person', async () => {
    expect(await new World().repeated()).toEqual({ kept: ['approve'], repeated: undefined, history: undefined });
  });

  it('ships no other version on the approval of the first, and says why people are asked', async () => {
    const { kept, repeated } = await new World().repeated({ mode: 'Fork', task: 'ship' }, 'ada', '6.6.6');
    expect(kept).toEqual([]);
    expect(repeated).toBe('repeated: approve (asked again: params.version differs)');
  });

  it('asks again where a voter asks for it', async () => {
    expect((await new World().repeated({}, 'bob')).repeated).toBe(
      'repeated: approve (asked again: another person requested this run)',
    );
  });

  it('asks again where nobody vouches for who asked', async () => {
    const world = new World();
    const first = world.whole.get('first') as WorkflowRun;
    world.put({ ...first, status: { ...first.status, requesters: { usernames: [], unknown: true } } });
    expect((await world.repeated()).repeated).toContain('it is not proven that the same person requested both runs');
  });

  const EVIL: Definition = { ...RELEASE, tasks: [APPROVE, { ...SHIP, run: 'evil' }] };
  it('asks again before a script that nobody approved, of the newest definition', async () => {
    const world = new World(RELEASE, APPROVED, EVIL);
    expect((await world.repeated({ definition: 'Latest' })).repeated).toBe(
      'repeated: approve (asked again: the definition differs)',
    );
    expect((await world.repeated()).kept).toEqual(['approve']);
  });

  it('keeps nothing where what the first executed is gone', async () => {
    const world = new World(RELEASE, APPROVED, EVIL);
    world.forget(RELEASE);
    expect(await world.repeated({ definition: 'Latest' })).toMatchObject({ kept: [] });
  });

  it('says in its history what is done again', async () => {
    const build: Task = { name: 'build', image: 'i', run: 'build', env: { V: '${{ params.version }}' } };
    const lint: Task = { name: 'lint', image: 'i', run: 'lint' };
    const events: HistoryEvent[] = ['build', 'lint'].map((path) => ({ type: 'Succeeded', t: 1, path }));
    const world = new World({ ...RELEASE, tasks: [build, lint, APPROVE, SHIP] }, [...events, ...APPROVED]);
    const { kept, history } = await world.repeated({ mode: 'Fork', task: 'ship' }, 'ada', '2.0');
    expect(kept).toEqual(['lint']);
    expect(history).toBe('repeated: build (params.version differs), approve (asked again: params.version differs)');
  });
});

describe('a task that started a run of another Workflow', () => {
  const sub = (run: string): Definition => ({ tasks: [{ name: 't', image: 'i', run }] });
  const parent: Definition = {
    ...RELEASE,
    tasks: [
      { name: 'child', workflow: { name: 'sub' } },
      { ...SHIP, needs: ['child'] },
    ],
  };
  const CHILD: HistoryEvent[] = APPROVED.filter((event) => event.type !== 'Responded').map((event) =>
    'path' in event && event.path === 'approve' ? { ...event, path: 'child' } : event,
  );
  const given = (newest: Definition, executed: Definition, proof?: string): World => {
    const world = new World(parent, CHILD);
    world.child(newest, executed, proof);
    return world;
  };

  it('is kept where that executed what would be executed now', async () => {
    expect((await given(sub('a'), sub('a')).repeated()).kept).toEqual(['child']);
  });

  it.each([
    ['differs', given(sub('b'), sub('a')), 'Workflow sub has changed'],
    ['asks people', given({ tasks: [APPROVE] }, { tasks: [APPROVE] }), 'Workflow sub may ask for approvals or input'],
    ['is a stranger', given(sub('a'), sub('a'), 'forged'), 'the definition of its run of sub is no longer available'],
    ['is gone', new World(parent, CHILD), 'the definition of its run of sub is no longer available'],
  ])('is done again where that %s', async (_what, world, why) => {
    expect(await world.repeated()).toMatchObject({ kept: [], repeated: `repeated: child (${why})` });
  });
});
