import { describe, expect, it } from 'vitest';
import {
  ANNOTATION_PROOF,
  type Condition,
  LABEL_RUN_UID,
  objectKey,
  provenanceOf,
  type RenderedChild,
  type Task,
  UNATTESTED,
  type WorkflowRun,
} from '../api/index.ts';
import { ApiError, Store } from '../runtime/index.ts';
import { CHILDREN_BY_RUN_UID, ChildExecutor, parentUidOf } from './child-executor.ts';
import { FakeObjects, movableClock } from './testing/fake-objects.ts';
import { identities, PROVING } from './testing/proving.ts';

const run = { name: 'parent', namespace: 'n', uid: 'p', workflow: 'w' };
const task: Task = { name: 'call', workflow: { name: 'other' } };
const rendered: RenderedChild = { backend: 'Child', workflow: 'other', parameters: [{ name: 'a', value: '1' }] };
const request = { path: 'call', attempt: 0, task, defaults: undefined, rendered };
const live = [{ path: 'call', attempt: 0, backend: 'Child', task, rendered }] as const;
const type = {
  group: 'flow.ado.dev',
  version: 'v1alpha1',
  plural: 'workflowruns',
  kind: 'WorkflowRun',
  namespaced: true,
};

/** The parent as it began: who asked, and how deep it is. */
const began = (depth: number) => ({
  ...run,
  asked: () => ({ lineage: { requesters: ['ada', 'bob'], unknown: false }, depth }),
});

function setUp() {
  const server = new FakeObjects();
  const clock = movableClock();
  const runs = new Store<WorkflowRun>({ indexes: { [CHILDREN_BY_RUN_UID]: parentUidOf } });
  const cache = (value: WorkflowRun, version = '1') =>
    runs.put({ key: objectKey(value.metadata), uid: value.metadata.uid ?? '', resourceVersion: version, value });
  const requester = { username: 'ada' };
  const spec = { workflowRef: { name: 'w' }, desiredState: 'Running', requester } as const;
  cache({ apiVersion: '', kind: '', metadata: { name: 'parent', namespace: 'n', uid: 'p' }, spec });
  const woken: string[] = [];
  const executor = new ChildExecutor({
    wake: ({ name }) => woken.push(name),
    client: server.client,
    runs,
    type,
    clock,
    identities: identities(),
    attests: UNATTESTED,
    proves: PROVING,
  });
  const child = () => [...server.objects.values()][0] as unknown as WorkflowRun;
  return { server, clock, runs, cache, executor, child, woken };
}

function ended(child: WorkflowRun, status: 'True' | 'False', reason: string): WorkflowRun {
  const condition: Condition = { type: 'Succeeded', status, reason, message: 'said so', lastTransitionTime: '' };
  const times = { startedAt: '2026-01-01T00:00:01Z', finishedAt: '2026-01-01T00:00:09Z' };
  return { ...child, status: { phase: status === 'True' ? 'Succeeded' : 'Failed', conditions: [condition], ...times } };
}

describe('a task that starts a run', () => {
  it('creates one that says where it comes from, who asked, and whose it is', async () => {
    const { executor, child } = setUp();
    expect(await executor.start(began(0), request)).toBeUndefined();
    const { metadata, spec } = child();
    expect(metadata.name).toMatch(/^parent-call-0-[0-9a-f]{8}$/);
    expect(metadata.ownerReferences).toMatchObject([{ kind: 'WorkflowRun', uid: 'p', controller: true }]);
    expect(metadata.annotations).toMatchObject({ 'flow.ado.dev/task': 'call' });
    expect(metadata.annotations?.['flow.ado.dev/proof']).toBeDefined();
    expect(metadata.labels?.[LABEL_RUN_UID]).toBe('p');
    const { provenance, ...rest } = spec;
    expect(provenance).toMatchObject({ depth: 1, requesters: ['ada', 'bob'] });
    expect(provenanceOf(child(), PROVING)).toBe(provenance);
    expect(rest).toEqual({
      workflowRef: { name: 'other' },
      parameters: [{ name: 'a', value: '1' }],
      desiredState: 'Running',
      requester: { username: 'ada' },
      origin: { type: 'Workflow', run: 'parent', uid: 'p', task: 'call' },
    });
  });

  it('creates it once, also when a start is made again before or after a restart', async () => {
    const { executor, server, runs, clock } = setUp();
    await executor.start(run, request);
    await executor.start(run, request);
    const again = new ChildExecutor({
      client: server.client,
      runs,
      type,
      clock,
      identities: identities(),
      attests: UNATTESTED,
      proves: PROVING,
    });
    expect(await again.start(run, request)).toBeUndefined();
    expect(server.objects.size).toBe(1);
  });

  it('never adopts a run of somebody else that has its name', async () => {
    const { executor, server, child } = setUp();
    await executor.start(run, request);
    const { name } = child().metadata;
    server.objects.set(`n/${name}`, { ...child(), metadata: { name, namespace: 'n', uid: 'x' } });
    const other = setUp();
    other.server.objects.set(`n/${name}`, {
      ...child(),
      metadata: { name, namespace: 'n', uid: 'x' },
      spec: {},
    } as never);
    expect(await other.executor.start(run, request)).toBeUndefined();
    expect(other.woken).toEqual(['parent']);
    const lost = { phase: 'Failed', cause: 'Infrastructure', reason: 'Disrupted' };
    expect((await other.executor.observe(run, live)).seen).toMatchObject([{ observation: lost }]);
  });

  it('is refused nine deep, and no run is made', async () => {
    expect(await setUp().executor.start(began(7), request)).toBeUndefined();
    const { executor, server } = setUp();
    expect(await executor.start(began(8), request)).toMatchObject({ reason: 'TooDeep', retry: false });
    expect(server.calls).toEqual([]);
  });

  it('tells a quota, which it waits for, from a refusal', async () => {
    const { executor, server } = setUp();
    server.refusals.push(new ApiError(403, { message: 'exceeded quota: q' }));
    expect(await executor.start(run, request)).toMatchObject({ reason: 'Quota', retry: true });
    server.refusals.push(new ApiError(422, { message: 'spec.parameters: too many' }));
    expect(await executor.start(run, request)).toMatchObject({ reason: 'ChildRejected', retry: false });
  });
});

describe('what became of the run that a task started', () => {
  const observed = async ({ executor }: ReturnType<typeof setUp>) =>
    (await executor.observe(run, live)).seen[0]?.observation;

  it('is unknown in its first seconds, then asked for, and that it was deleted only when the server says so', async () => {
    const at = setUp();
    await at.executor.start(run, request);
    expect(await at.executor.observe(run, live)).toMatchObject({ seen: [{ observation: { phase: 'Unknown' } }] });
    expect(at.server.on('get')).toEqual([]);
    at.clock.move(6000);
    expect(await observed(at)).toMatchObject({ phase: 'Running' });
    at.server.objects.clear();
    const deleted = { phase: 'Failed', cause: 'Infrastructure', reason: 'ChildDeleted' };
    expect(await at.executor.observe(run, live)).toEqual({
      seen: [{ path: 'call', attempt: 0, observation: expect.objectContaining(deleted) }],
    });
  });

  it('is that it waits where its Workflow is not there, which has a limit, and that it goes on where it is not its turn', async () => {
    const waiting = (reason: string) => {
      const condition: Condition = {
        type: 'Succeeded',
        status: 'Unknown',
        reason,
        message: 'why',
        lastTransitionTime: '',
      };
      return { status: { phase: 'Pending' as const, conditions: [condition] } };
    };
    const at = setUp();
    await at.executor.start(run, request);
    at.cache({ ...at.child(), ...waiting('WorkflowNotFound') });
    expect(await observed(at)).toMatchObject({ phase: 'Pending', reason: 'WorkflowNotFound', message: 'why' });
    at.cache({ ...at.child(), ...waiting('Queued') }, '2');
    expect(await observed(at)).toMatchObject({ phase: 'Running' });
  });

  it('is waited for because its task says so, whoever owns it', async () => {
    const at = setUp();
    await at.executor.start(run, request);
    const { ownerReferences: _owner, ...metadata } = at.child().metadata;
    at.cache({ ...at.child(), metadata });
    expect(await observed(at)).toMatchObject({ phase: 'Running' });
  });

  it('is found also where the state does not know of it', async () => {
    const at = setUp();
    await at.executor.start(run, request);
    at.cache(at.child());
    expect((await at.executor.observe(run, [])).seen).toMatchObject([{ path: 'call', attempt: 0 }]);
  });

  it.each([
    ['True', 'Succeeded', { phase: 'Succeeded', outputs: { status: 'Succeeded' } }],
    ['False', 'TaskFailed', { phase: 'Failed', cause: 'User', reason: 'ChildFailed' }],
    ['False', 'Cancelled', { phase: 'Failed', cause: 'User', reason: 'ChildCancelled' }],
    ['False', 'Terminated', { phase: 'Failed', cause: 'User', reason: 'ChildCancelled' }],
  ] as const)('is its condition Succeeded=%s (%s)', async (status, reason, expected) => {
    const at = setUp();
    await at.executor.start(run, request);
    at.cache(ended(at.child(), status, reason));
    const times = { startedAt: Date.UTC(2026, 0, 1, 0, 0, 1), finishedAt: Date.UTC(2026, 0, 1, 0, 0, 9) };
    expect(await observed(at)).toMatchObject({ ...expected, ...times });
  });

  it('is a success at once where nobody waits for it; and then it is not owned, and never cancelled', async () => {
    const at = setUp();
    const alone: Task = { name: 'call', workflow: { name: 'other', wait: false } };
    await at.executor.start(run, { ...request, task: alone });
    expect(at.child().metadata.ownerReferences).toBeUndefined();
    at.cache(at.child());
    const unawaited = { ...live[0], task: alone };
    const { seen } = await at.executor.observe(run, [unawaited]);
    expect(seen[0]?.observation).toMatchObject({ phase: 'Succeeded', outputs: { run: at.child().metadata.name } });
    await at.executor.cancel(run, unawaited);
    await at.executor.discard(run);
    expect([...at.server.on('patch'), ...at.server.on('delete')]).toEqual([]);
  });
});

describe('cancelling the run that a task started', () => {
  const wanted = ({ server }: ReturnType<typeof setUp>) =>
    server.calls
      .filter(({ verb }) => verb === 'patch')
      .map(({ body }) => (body as { operations: { value: unknown }[] }).operations[1]?.value);

  it('cancels it, terminates it when time is short, and asks for nothing twice', async () => {
    const at = setUp();
    await at.executor.start(run, request);
    at.cache(at.child());
    await at.executor.cancel(run, live[0]);
    const cancelled = { ...at.child(), spec: { ...at.child().spec, desiredState: 'Cancelled' as const } };
    at.cache(cancelled, '2');
    await at.executor.cancel(run, live[0]);
    await at.executor.cancel(run, live[0], 1);
    at.cache({ ...cancelled, spec: { ...cancelled.spec, desiredState: 'Terminated' } }, '3');
    await at.executor.cancel(run, live[0]);
    expect(wanted(at)).toEqual(['Cancelled', 'Terminated']);
  });

  it('leaves one that is over alone, and does not mind one that is gone', async () => {
    const at = setUp();
    await at.executor.cancel(run, live[0]);
    await at.executor.start(run, request);
    at.cache(ended(at.child(), 'True', 'Succeeded'));
    await at.executor.cancel(run, live[0]);
    expect(wanted(at)).toEqual([]);
  });
});

describe('a run that a task started and that continues as new ones', () => {
  /** The run `index` of the chain that the first run of the task began. */
  function linkOf(child: WorkflowRun, index: number, isContinued: boolean): WorkflowRun {
    const root = child.metadata.name;
    const name = index === 0 ? root : `${root}-c${index}`;
    const continues = { root, run: root, uid: 'x', index, since: '' };
    const proof = identities().proofOf('WorkflowRun', name, run, live[0]);
    const annotations = { ...child.metadata.annotations, [ANNOTATION_PROOF]: proof };
    const made: WorkflowRun = {
      ...child,
      metadata: { ...child.metadata, name, annotations, uid: `${index}-uid-of-${name}` },
      spec: { ...child.spec, ...(index === 0 ? {} : { continues }) },
    };
    if (!isContinued) return made;
    const over = ended(made, 'True', 'ContinuedAsNew');
    return { ...over, status: { ...over.status, chain: { root, index, next: `${root}-c${index + 1}` } } };
  }

  const observed = async ({ executor }: ReturnType<typeof setUp>) => (await executor.observe(run, live)).seen;

  it('goes on until the newest of them has ended, which may be all that is left', async () => {
    const at = setUp();
    await at.executor.start(run, request);
    const child = at.child();
    at.cache(linkOf(child, 0, true));
    at.cache(linkOf(child, 1, false));
    expect(await observed(at)).toMatchObject([{ path: 'call', attempt: 0, observation: { phase: 'Running' } }]);
    at.runs.remove(objectKey(child.metadata));
    at.cache(ended(linkOf(child, 1, false), 'True', 'Succeeded'), '2');
    const outputs = { run: `${child.metadata.name}-c1`, status: 'Succeeded' };
    expect(await observed(at)).toMatchObject([{ observation: { phase: 'Succeeded', outputs } }]);
  });

  it('was deleted when the next of them is gone, and only if the server says so', async () => {
    const at = setUp();
    await at.executor.start(run, request);
    const child = at.child();
    at.cache(linkOf(child, 0, true));
    const next = linkOf(child, 1, false);
    at.server.objects.set(objectKey(next.metadata), next as never);
    expect(await observed(at)).toMatchObject([{ observation: { phase: 'Unknown' } }]);
    at.server.objects.delete(objectKey(next.metadata));
    expect(await observed(at)).toMatchObject([{ observation: { phase: 'Failed', reason: 'ChildDeleted' } }]);
  });

  it('is cancelled where it goes on', async () => {
    const at = setUp();
    await at.executor.start(run, request);
    const child = at.child();
    for (const each of [linkOf(child, 0, true), linkOf(child, 1, false)]) {
      at.cache(each);
      at.server.objects.set(objectKey(each.metadata), each as never);
    }
    await at.executor.cancel(run, live[0]);
    expect(at.server.on('patch')).toEqual([`${child.metadata.name}-c1`]);
  });
});
