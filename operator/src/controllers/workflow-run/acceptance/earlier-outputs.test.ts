import { describe, expect, it } from 'vitest';
import { encodeEvent, encodeEvents, type HistoryEvent, type WorkflowRun } from '../../../api/index.ts';
import { accept, encodeState, evolve } from '../../../engine/index.ts';
import { ApiError, type KubeClient } from '../../../runtime/index.ts';
import { createStores } from '../../stores/stores.ts';
import { testProofs } from '../../testing/proofs.ts';
import { earlierOf } from './earlier-outputs.ts';

const { signal } = new AbortController();
const EVENTS: HistoryEvent[] = [
  { type: 'Succeeded', t: 1, path: 'held', outputs: { v: 'held' }, keep: true },
  { type: 'Succeeded', t: 2, path: 'released', outputs: { v: 'released' } },
  { type: 'Succeeded', t: 3, path: 'placed', outputs: { v: 'placed' }, page: 1 },
];

const { state: begun, encoded } = accept('d', {}, 0);
const state = EVENTS.reduce(evolve, begun);
const tail = encodeEvents([encoded, ...EVENTS.map(encodeEvent)]);
const runOf = (name: string, status: WorkflowRun['status']): WorkflowRun => ({
  ...{ apiVersion: '', kind: '', metadata: { name, namespace: 'n', uid: `${name}-uid` } },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
  ...(status ? { status } : {}),
});
const first = runOf('first', { state: encodeState(state), journal: { firstSeq: 1, pages: 0, tail } });
const again = runOf('again', { origin: { run: 'first', uid: 'first-uid', root: 'first', attempt: 2 } });

function earlier(stored: WorkflowRun | undefined, failure = new ApiError(404, { reason: 'NotFound' })) {
  const stores = createStores(false);
  if (stored) stores.runs.put({ key: 'n/first', uid: stored.metadata.uid ?? '', resourceVersion: '1', value: stored });
  const client = { get: () => Promise.reject(failure) } as unknown as KubeClient;
  return earlierOf({ client, stores, proves: testProofs() }, again, signal);
}

describe('what an earlier run handed on', () => {
  it('is in its state and in its history, wherever it was kept', async () => {
    const names = ['held', 'released', 'placed'];
    expect(await earlier(first)).toEqual({ outputs: new Map(names.map((name) => [name, { v: name }])) });
  });

  it('is gone with the run, and with one that was deleted and made again', async () => {
    const damage = expect.stringContaining('the run first was deleted');
    expect(await earlier(undefined)).toEqual({ damage });
    expect(await earlier({ ...first, metadata: { ...first.metadata, uid: 'other' } })).toEqual({ damage });
  });

  const newest = { firstSeq: 1, digest: 'd' };
  const paged = { ...first, status: { ...first.status, journal: { firstSeq: 5, pages: 1, tail: '[]', newest } } };
  it('cannot be had where its pages are gone, and is asked for again where they cannot be read now', async () => {
    expect(await earlier(paged)).toEqual({ damage: expect.stringContaining('forged, changed or deleted') });
    await expect(earlier(paged, new ApiError(503, { reason: 'ServiceUnavailable' }))).rejects.toThrow();
  });
});
