import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANNOTATION_PROOF,
  ANNOTATION_TASK,
  API_VERSION,
  FINALIZER_RESULT,
  LABEL_ATTEMPT,
  LABEL_RUN_UID,
  type ObjectMeta,
  objectId,
  objectKey,
  UNATTESTED,
  type WorkflowRun,
} from '../api/index.ts';
import { childRunName, type Pod, podName } from '../pods/index.ts';
import { type KubeObject, type ResourceType, Store } from '../runtime/index.ts';
import { CHILDREN_BY_RUN_UID, ChildExecutor, parentUidOf } from './child-executor.ts';
import type { Observation } from './executor.ts';
import { Identities, type Known } from './identity.ts';
import { PODS_BY_RUN_UID, PodExecutor } from './pod-executor.ts';
import { FakeObjects, movableClock } from './testing/fake-objects.ts';
import { identities, PROVING } from './testing/proving.ts';

const run = { name: 'r', namespace: 'n', uid: 'u', workflow: 'w' };
const owner = { apiVersion: API_VERSION, kind: 'WorkflowRun', name: 'r', uid: 'u', controller: true };
const GENUINE = { path: 'a', attempt: 0 };
const type = { kind: 'WorkflowRun', namespaced: true } as ResourceType;
const task = { name: 'a', workflow: { name: 'other' } };

const metaOf = (kind: 'Pod' | 'WorkflowRun', name: string, { path, attempt } = GENUINE): ObjectMeta => ({
  ...{ name, namespace: 'n', uid: 'genuine!', ownerReferences: [owner] },
  labels: { [LABEL_RUN_UID]: 'u', [LABEL_ATTEMPT]: String(attempt) },
  annotations: {
    [ANNOTATION_TASK]: path,
    [ANNOTATION_PROOF]: identities().proofOf(kind, name, run, { path, attempt }),
  },
});
const podMeta = (attempt = GENUINE) => metaOf('Pod', podName('r', 'u', attempt.path, attempt.attempt), attempt);
const childMeta = (attempt = GENUINE) =>
  metaOf('WorkflowRun', childRunName('r', 'u', attempt.path, attempt.attempt), attempt);

/** Whatever somebody can write who has seen all that there is: every mark, every name, every owner, copied proofs. */
const forgedMeta = fc
  .record({
    namespace: fc.constantFrom('n', 'other'),
    path: fc.constantFrom('a', 'b', 'a[1]', ''),
    nameOf: fc.constantFrom('Pod', 'WorkflowRun', 'none'),
    attempt: fc.constantFrom(0, 1, 2),
    proof: fc.constantFrom(undefined, 'copied', 'of a child', 'of another run', '', 'x'),
    isOwned: fc.boolean(),
    isHeld: fc.boolean(),
    isEnding: fc.boolean(),
    id: fc.integer({ min: 1, max: 9_999 }),
  })
  .map(({ namespace, path, nameOf, attempt, proof, isOwned, isHeld, isEnding, id }): ObjectMeta => {
    const names = {
      Pod: podName('r', 'u', path, attempt),
      WorkflowRun: childRunName('r', 'u', path, attempt),
      none: `x-${id}`,
    };
    const ofOther = identities().proofOf('Pod', names[nameOf], { namespace: 'n', uid: 'v' }, { path, attempt });
    const proofs: Record<string, string | undefined> = {
      copied: podMeta().annotations?.[ANNOTATION_PROOF],
      'of a child': childMeta().annotations?.[ANNOTATION_PROOF],
      'of another run': ofOther,
    };
    const code = proof === undefined ? undefined : (proofs[proof] ?? proof);
    return {
      ...{ name: names[nameOf], namespace, uid: `f-${id}` },
      labels: { [LABEL_RUN_UID]: 'u', [LABEL_ATTEMPT]: String(attempt) },
      annotations: { [ANNOTATION_TASK]: path, ...(code === undefined ? {} : { [ANNOTATION_PROOF]: code }) },
      ...(isOwned ? { ownerReferences: [owner] } : {}),
      ...(isHeld ? { finalizers: [FINALIZER_RESULT] } : {}),
      ...(isEnding ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    };
  });
const phase = fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed');
const lives: fc.Arbitrary<Known[]> = fc.constantFrom<Known[]>(
  [],
  [GENUINE],
  [{ ...GENUINE, object: objectId('genuine!') }],
  [GENUINE, { path: 'b', attempt: 0 }],
);

/** Only what was made by the operator is said to exist. */
function expectOnlyGenuine({ seen }: Observation, phase: string): void {
  const existing = seen.filter(({ observation }) => ['Pending', 'Running', 'Succeeded'].includes(observation.phase));
  expect(existing).toMatchObject([{ ...GENUINE, observation: { phase } }]);
  for (const { observation } of seen)
    if (observation.phase === 'Failed') expect(observation.cause).toBe('Infrastructure');
}

function podsWith(forged: readonly { metadata: ObjectMeta; phase: string }[]) {
  const server = new FakeObjects();
  const pods = new Store<Pod>({
    indexes: { [PODS_BY_RUN_UID]: ({ metadata }) => [metadata.labels?.[LABEL_RUN_UID] ?? ''] },
  });
  const put = (metadata: ObjectMeta, status: Pod['status']) => {
    const value = { metadata, spec: { containers: [] }, status: status ?? {} };
    server.objects.set(objectKey(metadata), value as unknown as KubeObject);
    pods.put({ key: objectKey(metadata), uid: metadata.uid ?? '', resourceVersion: metadata.uid ?? '', value });
  };
  for (const each of forged) put(each.metadata, { phase: each.phase });
  put(podMeta(), { phase: 'Running' });
  const executor = new PodExecutor({
    ...{ client: server.client, pods, clock: movableClock(), identities: identities(), deletes: () => true },
  });
  return { server, pods, executor, put };
}

function childrenWith(forged: readonly ObjectMeta[]) {
  const server = new FakeObjects();
  const runs = new Store<WorkflowRun>({ indexes: { [CHILDREN_BY_RUN_UID]: parentUidOf } });
  const put = (metadata: ObjectMeta, phase?: 'Succeeded') => {
    const conditions = [{ type: 'Succeeded', status: 'True', reason: 'Succeeded', message: '' }];
    const origin = { type: 'Workflow', run: 'r', uid: 'u', task: 'a' };
    const spec = { workflowRef: { name: 'other' }, desiredState: 'Running', origin };
    const value = { metadata, spec, ...(phase ? { status: { phase, conditions } } : {}) } as unknown as WorkflowRun;
    server.objects.set(objectKey(metadata), value as unknown as KubeObject);
    runs.put({ key: objectKey(metadata), uid: metadata.uid ?? '', resourceVersion: metadata.uid ?? '', value });
  };
  for (const metadata of forged) put(metadata, 'Succeeded');
  put(childMeta());
  const executor = new ChildExecutor({
    ...{ client: server.client, runs, type, clock: movableClock(), identities: identities(), attests: UNATTESTED },
    proves: PROVING,
  });
  return { server, runs, executor, put };
}

describe('objects with our marks that others made', () => {
  it('never change what is seen of pods', async () => {
    const forged = fc.array(fc.record({ metadata: forgedMeta, phase }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(forged, lives, async (strangers, live) => {
        const { executor } = podsWith(strangers);
        expectOnlyGenuine(await executor.observe(run, live), 'Pending');
      }),
    );
  });

  it('never change what is seen of runs that tasks started', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(forgedMeta, { maxLength: 8 }), lives, async (strangers, live) => {
        const { executor } = childrenWith(strangers);
        const awaited = live.map((each) => ({ ...each, task }));
        expectOnlyGenuine(await executor.observe(run, awaited), 'Running');
      }),
    );
  });

  it('are told of with their names, and not told of where there are none', async () => {
    const metadata = { ...podMeta({ path: 'b', attempt: 0 }), annotations: { [ANNOTATION_TASK]: 'b' }, uid: 'f' };
    const { executor } = podsWith([{ metadata, phase: 'Succeeded' }]);
    const told = { kind: 'Pod', namespace: 'n', name: metadata.name, uid: 'f', why: 'NoProof' };
    expect((await executor.observe(run, [])).strangers).toEqual([told]);
    expect((await podsWith([]).executor.observe(run, [])).strangers).toBeUndefined();
  });

  it('are let go as soon as they end, and nothing of them is kept or deleted', async () => {
    const metadata = { ...podMeta({ path: 'b', attempt: 0 }), uid: 'f', ownerReferences: [], annotations: {} };
    const held = { ...metadata, finalizers: [FINALIZER_RESULT], deletionTimestamp: '2026-01-01T00:00:00Z' };
    const { executor, server } = podsWith([{ metadata: held, phase: 'Running' }]);
    await executor.release(run, () => false);
    expect(server.on('patch')).toEqual([metadata.name]);
    expect(server.on('delete')).toEqual([]);
  });
});

describe('the object of an attempt that was deleted and made again with its proof', () => {
  it('is a stranger, and the attempt is lost to the infrastructure, also after a restart once its uid is recorded', async () => {
    const { executor, pods, server, put } = podsWith([]);
    await executor.observe(run, [GENUINE]);
    pods.remove(objectKey(podMeta()));
    put({ ...podMeta(), uid: 'again...' }, { phase: 'Succeeded' });
    const lost = [{ ...GENUINE, observation: { phase: 'Failed', cause: 'Infrastructure', reason: 'Disrupted' } }];
    expect(await executor.observe(run, [GENUINE])).toMatchObject({ seen: lost, strangers: [{ why: 'MadeAgain' }] });
    const restarted = new PodExecutor({
      ...{ client: server.client, pods, clock: movableClock(), identities: identities(), deletes: () => true },
    });
    const recorded = [{ ...GENUINE, object: objectId('genuine!') }];
    expect((await restarted.observe(run, recorded)).seen).toMatchObject(lost);
  });

  it('is a stranger also where it was replaced before anybody looked', async () => {
    const { executor, pods, put } = podsWith([]);
    // The executor hears of it only after it was made.
    pods.remove(objectKey(podMeta()));
    put(podMeta(), { phase: 'Running' });
    pods.remove(objectKey(podMeta()));
    put({ ...podMeta(), uid: 'again...' }, { phase: 'Succeeded' });
    expect((await executor.observe(run, [GENUINE])).seen).toMatchObject([{ observation: { reason: 'Disrupted' } }]);
  });

  it('is a stranger where it is a run as well', async () => {
    const { executor, runs, put } = childrenWith([]);
    await executor.observe(run, [{ ...GENUINE, task }]);
    runs.remove(objectKey(childMeta()));
    put({ ...childMeta(), uid: 'again...' }, 'Succeeded');
    const { seen } = await executor.observe(run, [{ ...GENUINE, task }]);
    expect(seen).toMatchObject([{ observation: { phase: 'Failed', reason: 'Disrupted' } }]);
  });

  it('is the same one where only its labels were taken away', async () => {
    const { executor, pods } = podsWith([]);
    pods.remove(objectKey(podMeta()));
    expect((await executor.observe(run, [GENUINE])).seen).toMatchObject([{ observation: { phase: 'Pending' } }]);
  });
});

describe('an attempt that was started before there were proofs', () => {
  const metadata = { ...podMeta({ path: 'b', attempt: 0 }), uid: 'older!', annotations: { [ANNOTATION_TASK]: 'b' } };
  const b = { path: 'b', attempt: 0 };
  const seenOf = async (live: Known[]) => {
    const { seen } = await podsWith([{ metadata, phase: 'Succeeded' }]).executor.observe(run, live);
    return seen.find(({ path }) => path === 'b')?.observation;
  };

  it('is believed while the state says that it was, and then for the object that is recorded, and not otherwise', async () => {
    expect(await seenOf([{ ...b, unproven: true }])).toMatchObject({ phase: 'Succeeded' });
    expect(await seenOf([{ ...b, object: objectId('older!') }])).toMatchObject({ phase: 'Succeeded' });
    expect(await seenOf([b])).toMatchObject({ phase: 'Failed', reason: 'Disrupted' });
    expect(await seenOf([])).toBeUndefined();
  });
});

describe('a proof', () => {
  it('is computed once for an object, however often it is looked at', () => {
    let computed = 0;
    const proves = (...asked: Parameters<typeof PROVING.proves>) => {
      computed++;
      return PROVING.proves(...asked);
    };
    const counted = new Identities({ ...PROVING, proves });
    for (let look = 0; look < 3; look++) expect(counted.isProven('Pod', podMeta(), run, GENUINE)).toBe(true);
    expect(counted.isProven('Pod', podMeta(), run, { ...GENUINE, attempt: 1 })).toBe(false);
    expect(computed).toBe(2);
  });
});
