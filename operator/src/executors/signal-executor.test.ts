import { beforeEach, describe, expect, it } from 'vitest';
import {
  API_VERSION,
  type Attests,
  objectKey,
  type RenderedSignal,
  type Signal,
  type SignalResponse,
  type Task,
  UNATTESTED,
} from '../api/index.ts';
import { ApiError, type KubeObject, type ResourceType, Store } from '../runtime/index.ts';
import type { LiveAttempt } from './executor.ts';
import { SignalExecutor } from './signal-executor.ts';
import { signalObjectNames } from './signal-name.ts';
import { signalNames } from './signal-object.ts';
import { FakeObjects, movableClock } from './testing/fake-objects.ts';
import { identities } from './testing/proving.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
const task: Task = { name: 'approve', approval: { message: 'Go?' } };
const rendered: RenderedSignal = {
  ...{ backend: 'Signal', type: 'Approval', run: 'r', answered: [] },
  request: { message: 'Go?', approvals: 1, digest: 'd' },
};
const request = { path: 'approve', attempt: 0, task, defaults: undefined, rendered };
const live: LiveAttempt = { path: 'approve', attempt: 0, backend: 'Signal', task, rendered };
const [, OTHER = ''] = signalObjectNames(run, 'approve');

let fake: FakeObjects;
let signals: Store<Signal>;
let clock: ReturnType<typeof movableClock>;

beforeEach(() => {
  fake = new FakeObjects();
  signals = new Store<Signal>();
  clock = movableClock();
});

const executorOf = (attests: Attests = UNATTESTED) =>
  new SignalExecutor({
    ...{ client: fake.client, signals, type: { plural: 'signals' } as ResourceType, clock, attests },
    identities: identities(),
  });

/** The cache sees the object as the server has it. */
function cached(name: string, change: (signal: Signal) => Signal = (signal) => signal): void {
  const value = change(fake.objects.get(`n/${name}`) as unknown as Signal);
  fake.objects.set(`n/${name}`, value as unknown as KubeObject);
  signals.put({ key: `n/${name}`, uid: value.metadata.uid ?? '', resourceVersion: String(Math.random()), value });
}

/** What somebody else made under a name. */
function stranger(name: string, more: object = {}): void {
  const metadata = { name, namespace: 'n', uid: `stranger-${name}` };
  const made = {
    apiVersion: API_VERSION,
    kind: 'Signal',
    metadata,
    spec: { type: 'Data', run: 'r', name: 'x' },
    ...more,
  };
  fake.objects.set(objectKey(metadata), made as unknown as KubeObject);
}

const answered =
  (...responses: SignalResponse[]) =>
  (signal: Signal): Signal => ({
    ...signal,
    spec: { ...signal.spec, responses },
  });

describe('a task that asks', () => {
  it('asks by a signal that its run owns, under the name that people expect', async () => {
    const executor = executorOf();
    expect(await executor.start(run, request)).toBeUndefined();
    expect(fake.objects.get('n/r-approve')).toMatchObject({
      metadata: { ownerReferences: [{ uid: 'u', controller: true }], annotations: { 'flow.ado.dev/task': 'approve' } },
      spec: { type: 'Approval', run: 'r', task: 'approve', request: { message: 'Go?', digest: 'd' } },
    });
    await executor.start(run, request);
    cached('r-approve');
    await executor.start(run, request);
    expect(fake.on('create')).toEqual(['r-approve']);
  });

  it('is seen at once, before the cache shows the signal, without asking the server', async () => {
    const executor = executorOf();
    await executor.start(run, request);
    const { seen, recheckAfter } = await executor.observe(run, [live]);
    expect(seen).toMatchObject([{ observation: { phase: 'Asked', signal: { name: 'r-approve' }, responses: [] } }]);
    expect(recheckAfter).toBeGreaterThan(0);
    expect(fake.on('get')).toEqual([]);
  });

  it('costs nothing while nothing happens', async () => {
    const executor = executorOf();
    await executor.start(run, request);
    cached('r-approve');
    fake.calls.length = 0;
    expect((await executor.observe(run, [live])).recheckAfter).toBeUndefined();
    expect(fake.calls).toEqual([]);
  });

  it('finds the signal that it made before a crash', async () => {
    await executorOf().start(run, request);
    expect(await executorOf().start(run, request)).toBeUndefined();
    expect([...fake.objects.keys()]).toEqual(['n/r-approve']);
  });

  it('uses another name where a stranger holds the first, also if it was started before', async () => {
    stranger('r-approve');
    await executorOf().start(run, request);
    expect(fake.objects.get(`n/${OTHER}`)).toMatchObject({ spec: { type: 'Approval' } });
    const { seen } = await executorOf().observe(run, [live]);
    expect(seen).toMatchObject([{ observation: { signal: { name: OTHER } } }]);
  });

  it('does not take a signal for its own that shows something else, whatever owner it names', async () => {
    const ownerReferences = [{ apiVersion: API_VERSION, kind: 'WorkflowRun', name: 'r', uid: 'u', controller: true }];
    const spec = { type: 'Approval', run: 'r', task: 'approve', request: { message: 'Harmless?', digest: 'd' } };
    stranger('r-approve', { metadata: { name: 'r-approve', namespace: 'n', uid: 's', ownerReferences }, spec });
    await executorOf().start(run, request);
    expect(fake.objects.get(`n/${OTHER}`)).toMatchObject({ spec: { request: { message: 'Go?' } } });
  });

  it('is its own whatever is changed of it: nobody can change the proof in its spec', async () => {
    await executorOf().start(run, request);
    const bare = { labels: {}, annotations: {}, ownerReferences: [], finalizers: ['x/y'] };
    cached('r-approve', (signal) => ({ ...signal, metadata: { ...signal.metadata, ...bare } }));
    const { seen } = await executorOf().observe(run, [live]);
    expect(seen).toMatchObject([{ observation: { phase: 'Asked', signal: { name: 'r-approve' } } }]);
    expect([...fake.objects.keys()]).toEqual(['n/r-approve']);
  });

  it('uses a name that nobody can work out where strangers hold both that anybody can', async () => {
    stranger('r-approve');
    stranger(OTHER);
    expect(await executorOf().start(run, request)).toBeUndefined();
    const [, , name = ''] = signalNames(run, 'approve', identities());
    expect(name).toMatch(/^r-[0-9a-f]{10}$/);
    expect(fake.objects.get(`n/${name}`)).toMatchObject({ spec: { type: 'Approval' } });
    cached(name);
    const { seen } = await executorOf().observe(run, [live]);
    expect(seen).toMatchObject([{ observation: { signal: { name } } }]);
  });

  it('says which signals to delete where strangers hold all names, and tries again', async () => {
    for (const name of signalNames(run, 'approve', identities())) stranger(name);
    const refusal = await executorOf().start(run, request);
    expect(refusal).toMatchObject({ phase: 'Refused', reason: 'SignalNameTaken', retry: true });
    expect(refusal?.message).toContain(`r-approve and ${OTHER}`);
  });

  it('makes a deleted signal again, with what was answered', async () => {
    const executor = executorOf();
    await executor.start(run, request);
    cached('r-approve');
    fake.objects.clear();
    signals.remove('n/r-approve');
    const answers = [{ username: 'ada', decision: 'Approve' as const }];
    const answered = { ...live, rendered: { ...rendered, answered: answers } };
    // `kubectl delete` waits until nothing has the name.
    expect(await executor.observe(run, [answered])).toMatchObject({
      seen: [{ observation: { phase: 'Unknown' } }],
      recheckAfter: 2_000,
    });
    clock.move(2_000);
    const { seen } = await executor.observe(run, [answered]);
    expect(seen).toMatchObject([
      { observation: { phase: 'Asked', responses: [{ username: 'ada', attested: false }] } },
    ]);
    expect(fake.objects.get('n/r-approve')).toMatchObject({ spec: { responses: answers } });
  });

  it('does not make a signal again that only the cache lacks', async () => {
    await executorOf().start(run, request);
    fake.calls.length = 0;
    const { seen } = await executorOf().observe(run, [live]);
    expect(seen).toMatchObject([{ observation: { phase: 'Asked' } }]);
    expect(fake.on('create')).toEqual([]);
  });

  it('is refused for good or for now, as the API server says', async () => {
    fake.refusals.push(new ApiError(403, { message: 'signals "r-approve" is forbidden: exceeded quota: q' }));
    expect(await executorOf().start(run, request)).toMatchObject({ reason: 'Quota', retry: true });
    fake.refusals.push(new ApiError(422, { message: 'spec.request: Invalid value' }));
    expect(await executorOf().start(run, request)).toMatchObject({ reason: 'SignalRejected', retry: false });
    fake.refusals.push(new ApiError(500, { message: 'failed calling webhook' }));
    await expect(executorOf().start(run, request)).rejects.toThrow('failed calling webhook');
  });
});

describe('what was answered', () => {
  it('has a time only where the webhook vouches for it', async () => {
    const time = '2026-01-01T00:00:00.000Z';
    const attests = { ...UNATTESTED, response: (_signal: Signal, { username }: SignalResponse) => username === 'ada' };
    const executor = executorOf(attests);
    await executor.start(run, request);
    const said = { decision: 'Approve', time, digest: 'd', comment: 'ok', values: { a: '1' } } as const;
    cached('r-approve', answered({ username: 'ada', groups: ['g'], ...said }, { username: 'bob', ...said }));
    const { seen } = await executor.observe(run, [live]);
    const { time: _time, ...rest } = said;
    expect(seen[0]?.observation).toMatchObject({
      responses: [
        { username: 'ada', groups: ['g'], attested: true, time: Date.parse(time), ...rest },
        { username: 'bob', groups: [], attested: false, ...rest },
      ],
    });
    const observation = seen[0]?.observation;
    expect(observation?.phase === 'Asked' && 'time' in (observation.responses[1] ?? {})).toBe(false);
  });
});
