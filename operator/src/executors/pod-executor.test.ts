import { describe, expect, it } from 'vitest';
import { FINALIZER_RESULT } from '../api/index.ts';
import { type Pod, podName } from '../pods/index.ts';
import { ApiError, type KubeClient, realClock, Store } from '../runtime/index.ts';
import { PODS_BY_RUN_UID, PodExecutor } from './pod-executor.ts';
import { identities } from './testing/proving.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };

/** An executor whose cache is empty, on a cluster that has this pod; and what it deletes. */
function executorOn(pod: Pod | undefined) {
  const deleted: unknown[] = [];
  const client = {
    get: async () => {
      if (pod) return pod;
      throw new ApiError(404, { reason: 'NotFound' });
    },
    delete: async (...call: unknown[]) => void deleted.push(call[1], call[2]),
  };
  const executor = new PodExecutor({
    client: client as unknown as KubeClient,
    pods: new Store<Pod>({ indexes: { [PODS_BY_RUN_UID]: () => [] } }),
    clock: realClock,
    identities: identities(),
    deletes: () => false,
  });
  return { executor, deleted };
}

const name = podName('r', 'u', 'a', 0);
const ownedBy = (uid: string): Pod => ({
  metadata: {
    name,
    namespace: 'n',
    uid: 'p',
    ownerReferences: [{ apiVersion: 'v', kind: 'WorkflowRun', name: 'r', uid, controller: true }],
  },
  spec: { containers: [] },
});

describe('cancelling an attempt', () => {
  it('ends its pod also while the cache has not seen it yet, and no other pod that gets its name', async () => {
    const { executor, deleted } = executorOn(ownedBy('u'));
    await executor.cancel(run, { path: 'a', attempt: 0 }, 1);
    const preconditions = { uid: 'p' };
    expect(deleted).toMatchObject([
      { name, namespace: 'n' },
      { gracePeriodSeconds: 1, preconditions },
    ]);
  });

  it('leaves alone a pod of somebody else that has its name, and does not mind when there is none', async () => {
    for (const pod of [ownedBy('other'), undefined]) {
      const { executor, deleted } = executorOn(pod);
      await executor.cancel(run, { path: 'a', attempt: 0 }, 1);
      expect(deleted).toEqual([]);
    }
  });
});

describe('letting go of a pod', () => {
  it('is not remembered longer than the pod is cached, also when the cache hears of it before the answer comes', async () => {
    const pods = new Store<Pod>({ indexes: { [PODS_BY_RUN_UID]: () => ['u'] } });
    const owner = { apiVersion: '', kind: '', name: 'r', uid: 'u', controller: true };
    const metadata = { name: 'p', namespace: 'n', uid: 'p', finalizers: [FINALIZER_RESULT], ownerReferences: [owner] };
    const hold = () =>
      pods.put({ key: 'n/p', uid: 'p', resourceVersion: '1', value: { metadata, spec: { containers: [] } } });
    let patches = 0;
    const client = {
      patch: async () => {
        patches++;
        pods.remove('n/p');
      },
    };
    const executor = new PodExecutor({
      client: client as unknown as KubeClient,
      pods,
      clock: realClock,
      identities: identities(),
      deletes: () => false,
    });
    for (const _ of ['first', 'again']) {
      hold();
      await executor.release(run, () => true);
    }
    expect(patches).toBe(2);
  });
});
