import { describe, expect, it } from 'vitest';
import { ANNOTATION_PROOF, ANNOTATION_TASK, FINALIZER_RESULT, LABEL_ATTEMPT, LABEL_RUN_UID } from '../api/index.ts';
import { type ContainerState, type Pod, podName } from '../pods/index.ts';
import { type JsonPatchOperation, type KubeClient, Store } from '../runtime/index.ts';
import { OTHERS_GRACE_MS, type OutlivedPods } from './outlived-pods.ts';
import { PODS_BY_RUN_UID, PodExecutor } from './pod-executor.ts';
import { movableClock } from './testing/fake-objects.ts';
import { identities } from './testing/proving.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
const attempt = { path: 'a', attempt: 0 };
const RUNS: ContainerState = { running: { startedAt: '2026-01-01T00:00:00Z' } };
const ENDED: ContainerState = { terminated: { exitCode: 0, finishedAt: '2026-01-01T00:00:01Z' } };

interface World {
  readonly deletes?: boolean;
  readonly isProven?: boolean;
  /** Whether the pod goes while its logs are kept. */
  readonly isRemoved?: boolean;
  readonly main?: ContainerState;
  readonly proxy?: ContainerState;
  readonly push?: ContainerState;
}

/** One held pod in the cache, with the proxy of a mesh in it, and what is asked of the server. */
function world({ deletes = false, isProven = true, isRemoved = false, main = ENDED, proxy = RUNS, push }: World = {}) {
  const known = identities();
  const pods = new Store<Pod>({ indexes: { [PODS_BY_RUN_UID]: () => ['u'] } });
  const clock = movableClock();
  const patches: JsonPatchOperation[][] = [];
  const deleted: string[] = [];
  const name = podName(run.name, run.uid, attempt.path, attempt.attempt);
  const proof = isProven ? known.proofOf('Pod', name, run, attempt) : 'forged';
  const value: Pod = {
    metadata: {
      ...{ name, namespace: 'n', uid: 'p', finalizers: ['other', FINALIZER_RESULT] },
      labels: { [LABEL_RUN_UID]: 'u', [LABEL_ATTEMPT]: '0' },
      annotations: { [ANNOTATION_TASK]: 'a', [ANNOTATION_PROOF]: proof },
    },
    spec: { containers: [], nodeName: 'node-1' },
    status: {
      phase: 'Running',
      containerStatuses: [
        { name: 'main', state: main },
        { name: 'proxy', state: proxy },
      ],
      ...(push ? { initContainerStatuses: [{ name: 'ado-push', state: push }] } : {}),
    },
  };
  pods.put({ key: `n/${name}`, uid: 'p', resourceVersion: '1', value });
  const client = {
    patch: async (_type: unknown, _ref: unknown, { operations }: { operations: JsonPatchOperation[] }) =>
      void patches.push(operations),
    delete: async (_type: unknown, ref: { name: string }) => void deleted.push(ref.name),
  };
  const remove = () => pods.remove(`n/${name}`);
  const executor = new PodExecutor({
    ...{ client: client as unknown as KubeClient, pods, clock, identities: known, deletes: () => deletes },
    archive: async () => {
      if (isRemoved) remove();
    },
  });
  const remembered = () => (executor as unknown as { outlived: OutlivedPods }).outlived.size;
  return { executor, clock, patches, deleted, name, remove, remembered };
}

const paths = (patches: readonly JsonPatchOperation[][]) =>
  patches.map((operations) => operations.filter(({ op }) => op !== 'test').map(({ op, path }) => `${op} ${path}`));
const RELEASED = 'remove /metadata/finalizers/1';
const ENDING = ['add /metadata/annotations/flow.ado.dev~1ended', 'add /spec/activeDeadlineSeconds'];

describe('a pod in which a container of others goes on when its task has ended', () => {
  it('has a grace, and is then ended and let go by one request, which keeps it', async () => {
    const { executor, clock, patches, deleted } = world();
    expect(await executor.release(run, () => true)).toBe(OTHERS_GRACE_MS);
    clock.move(OTHERS_GRACE_MS - 1);
    expect(await executor.release(run, () => true)).toBe(1);
    expect(patches).toEqual([]);
    clock.move(1);
    expect(await executor.release(run, () => true)).toBeUndefined();
    expect(paths(patches)).toEqual([[RELEASED, ...ENDING]]);
    const added = patches.flat().filter(({ op }) => op === 'add');
    expect(added).toMatchObject([
      { value: expect.stringMatching(/the task ended but proxy kept running/) },
      { value: 1 },
    ]);
    expect(deleted).toEqual([]);
  });

  it('is deleted where pods are deleted', async () => {
    const { executor, clock, patches, deleted, name } = world({ deletes: true });
    await executor.release(run, () => true);
    clock.move(OTHERS_GRACE_MS);
    await executor.release(run, () => true);
    expect(deleted).toEqual([name]);
    expect(paths(patches)).toEqual([[RELEASED]]);
  });

  it('is ended before its result is recorded, since its artifacts are stored after all others have ended', async () => {
    const { executor, clock, patches } = world({ push: RUNS });
    expect(await executor.release(run, () => false)).toBe(OTHERS_GRACE_MS);
    clock.move(OTHERS_GRACE_MS);
    await executor.release(run, () => false);
    expect(paths(patches)).toEqual([ENDING]);
  });

  it('is let go at once with its run, and while the task runs left alone', async () => {
    const gone = world();
    expect(await gone.executor.release(run, () => true, true)).toBeUndefined();
    expect(paths(gone.patches)[0]).toContain(RELEASED);
    const running = world({ main: RUNS });
    expect(await running.executor.release(run, () => false)).toBeUndefined();
    expect(running.patches).toEqual([]);
  });

  it('that ends by itself within the grace is let go as any other', async () => {
    const { executor, patches } = world({ proxy: ENDED });
    expect(await executor.release(run, () => true)).toBeUndefined();
    expect(paths(patches)).toEqual([[RELEASED]]);
  });

  it('is forgotten when it is gone, also if it goes while it is let go', async () => {
    const quiet = world();
    await quiet.executor.release(run, () => true);
    expect(quiet.remembered()).toBe(1);
    quiet.remove();
    const late = world({ isRemoved: true });
    await late.executor.release(run, () => true);
    late.clock.move(OTHERS_GRACE_MS);
    await late.executor.release(run, () => true);
    expect([quiet.remembered(), late.remembered()]).toEqual([0, 0]);
  });

  it('that is a stranger’s is never ended', async () => {
    const { executor, clock, patches, deleted } = world({ isProven: false, deletes: true });
    await executor.release(run, () => false);
    clock.move(OTHERS_GRACE_MS);
    await executor.release(run, () => false);
    expect(patches).toEqual([]);
    expect(deleted).toEqual([]);
  });
});
