import { beforeEach, describe, expect, it } from 'vitest';
import { type Signal, type Task, UNATTESTED, type WorkflowRun } from '../../api/index.ts';
import { accept, evolve, type RunState } from '../../engine/index.ts';
import type { LiveAttempt } from '../../executors/index.ts';
import { ApiError, type KubeClient } from '../../runtime/index.ts';
import { createStores, type Stores } from '../stores/stores.ts';
import type { RunDeps } from './deps.ts';
import { addresseesOf, observeMail } from './inbox.ts';
import { RunMemories } from './memory.ts';

const metadata = { name: 'r', namespace: 'n', uid: 'u' };
const spec = { workflowRef: { name: 'w' }, desiredState: 'Running' as const };
const run: WorkflowRun = { apiVersion: '', kind: '', metadata, spec };
const waits = (name: string, channel?: string): LiveAttempt => {
  const waitForSignal = channel === undefined ? {} : { name: channel };
  return { path: name, attempt: 0, backend: 'Signal', task: { name, waitForSignal } as Task };
};

let stores: Stores;
/** What the server has, by name; the stores are the cache. */
let server: Map<string, Signal>;
let asked: string[];
let memories: RunMemories;
let version = 0;

beforeEach(() => {
  stores = createStores(false);
  server = new Map();
  asked = [];
  memories = new RunMemories();
  put('runs', 'r', run);
});

function put(store: 'runs' | 'signals', name: string, value: Signal | WorkflowRun): void {
  const entry = { key: `n/${name}`, uid: value.metadata.uid ?? '', resourceVersion: String(++version) };
  stores[store].put({ ...entry, value: value as never });
}

interface Given {
  readonly to?: string;
  readonly second?: number;
  readonly time?: string;
  readonly phase?: 'Delivered';
}

const signalOf = (name: string, channel: string, { to = 'r', second = 0, time, phase }: Given): Signal => ({
  ...{ apiVersion: '', kind: '' },
  metadata: { name, namespace: 'n', uid: `u-${name}`, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
  spec: { type: 'Data', run: to, name: channel, ...(time ? { sender: { username: 'ada', time } } : {}) },
  ...(phase ? { status: { phase } } : {}),
});

/** A signal that the server and the cache have. */
function given(name: string, channel = 'x', more: Given = {}): void {
  const signal = signalOf(name, channel, more);
  server.set(name, signal);
  put('signals', name, signal);
}

function mail(live: readonly LiveAttempt[], state: RunState = accept('d', {}, 0).state) {
  const client = {
    get: async (_type: unknown, { name }: { name: string }) => {
      asked.push(`get ${name}`);
      const found = server.get(name);
      if (!found) throw new ApiError(404, { reason: 'NotFound' });
      return found;
    },
    list: async () => {
      asked.push('list');
      return { metadata: {}, items: [...server.values()] };
    },
  } as unknown as KubeClient;
  const deps = { stores, client, memories, attests: UNATTESTED } as unknown as RunDeps;
  return observeMail(deps, run, state, live, new AbortController().signal);
}

const judged = (...uids: string[]): RunState =>
  uids.reduce(
    (state, uid) => evolve(state, { type: 'Judged', t: 1, uid, phase: 'Delivered', reason: 'Delivered' }),
    accept('d', {}, 0).state,
  );

const objectsIn = ({ inbox = [] }: Awaited<ReturnType<typeof mail>>) => inbox.map(({ object }) => object);

describe('what was sent to a run', () => {
  it('is not even looked at while no task waits', async () => {
    given('a');
    expect(await mail([])).toEqual({});
    expect(asked).toEqual([]);
  });

  it('comes in the order of seconds, then stamps, then names', async () => {
    given('c', 'x', { second: 1, time: '2026-01-01T00:00:01.100Z' });
    given('a', 'x', { second: 1, time: '2026-01-01T00:00:01.200Z' });
    given('e', 'x', { second: 0 });
    given('d', 'x', { second: 0 });
    expect(objectsIn(await mail(['1', '2', '3', '4'].map((name) => waits(name, 'x'))))).toEqual(['d', 'e', 'c', 'a']);
  });

  it('is handed over by name, as many as tasks wait, and the rest right after', async () => {
    given('a');
    given('b');
    given('other', 'y');
    const first = await mail([waits('first', 'x')]);
    expect(objectsIn(first)).toEqual(['a']);
    expect(first.recheckAfter).toBeGreaterThan(0);
    const last = await mail([waits('first', 'x'), waits('y')]);
    expect(objectsIn(last)).toEqual(['a', 'other']);
  });

  it('is not handed over once it has a verdict, or says on the server that it ended, however old the cache is', async () => {
    given('judged');
    given('ended');
    given('gone');
    given('new');
    server.set('ended', signalOf('ended', 'x', { phase: 'Delivered' }));
    server.delete('gone');
    expect(objectsIn(await mail([waits('t', 'x')], judged('u-judged')))).toEqual(['new']);
    expect(asked).not.toContain('get judged');
  });

  it('to any link of its chain is for the link that waits', async () => {
    const continues = { root: 'r', run: 'r', uid: 'u', index: 1, since: '' };
    put('runs', 'r-c1', { ...run, metadata: { ...metadata, name: 'r-c1', uid: 'u1' }, spec: { ...spec, continues } });
    given('root');
    given('link', 'x', { to: 'r-c1', second: 1 });
    expect(objectsIn(await mail([waits('1', 'x'), waits('2', 'x')]))).toEqual(['root', 'link']);
  });
});

describe('ends that a run must remember', () => {
  it('are those that the signals do not say themselves', async () => {
    given('told', 'x', { phase: 'Delivered' });
    given('untold');
    const { unacknowledged } = await mail([], judged('u-told', 'u-untold'));
    expect([...(unacknowledged ?? [])]).toEqual(['u-untold']);
    expect(asked).toEqual([]);
  });

  it('are not forgotten because the cache lacks the signal, but because the server does', async () => {
    server.set('late', signalOf('late', 'x', {}));
    const state = judged('u-late', 'u-deleted');
    expect([...((await mail([], state)).unacknowledged ?? [])]).toEqual(['u-late']);
    expect(asked).toEqual(['list']);
    given('late');
    expect([...((await mail([], state)).unacknowledged ?? [])]).toEqual(['u-late']);
    expect(asked).toEqual(['list']);
  });
});

describe('a signal', () => {
  it('has the attention of the runs that it is for, if they are not over', () => {
    const owner = { apiVersion: '', kind: 'WorkflowRun', name: 'r', uid: 'u', controller: true };
    const approval = signalOf('a', 'x', {});
    const asking = { ...approval, spec: { ...approval.spec, type: 'Approval' as const } };
    expect(addresseesOf(stores, { ...asking, metadata: { ...asking.metadata, ownerReferences: [owner] } })).toEqual([
      'n/r',
    ]);
    expect(addresseesOf(stores, signalOf('a', 'x', {}))).toEqual(['n/r']);
    expect(addresseesOf(stores, signalOf('a', 'x', { to: 'nobody' }))).toEqual([]);
    put('runs', 'r', { ...run, status: { finishedAt: '2026-01-01T00:00:00Z' } });
    expect(addresseesOf(stores, signalOf('a', 'x', {}))).toEqual([]);
  });
});
