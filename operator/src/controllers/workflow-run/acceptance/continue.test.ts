import { describe, expect, it } from 'vitest';
import { NOBODY, UNATTESTED, type WorkflowRun, withProvenance } from '../../../api/index.ts';
import { accept, encodeState, evolve } from '../../../engine/index.ts';
import { ApiError, type KubeClient, Store } from '../../../runtime/index.ts';
import { testProofs } from '../../testing/proofs.ts';
import { pinned } from '../../testing/revisions.ts';
import { RunMemories } from '../memory.ts';
import { acceptSuccessor } from './continue.ts';

const { signal } = new AbortController();
const NOW = Date.UTC(2026, 0, 2);
const { noted, entry } = pinned({ tasks: [] });
const run = (name: string, uid: string, more: Partial<WorkflowRun> = {}): WorkflowRun => ({
  apiVersion: '',
  kind: '',
  metadata: { name, namespace: 'n', uid },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
  ...more,
});
const claimed = run('r-c1', 'u1', {
  spec: {
    workflowRef: { name: 'w' },
    desiredState: 'Running',
    continues: { root: 'r', run: 'r', uid: 'u', index: 1, since: '' },
  },
});

const proves = testProofs();
const next = withProvenance(claimed, { lineage: NOBODY, depth: 0 }, proves);

/** The run before, which goes on as the run `index` of its chain. */
function before(index: number, isOver: boolean): WorkflowRun {
  const { state } = accept('d', { n: 1 }, NOW - 1000);
  evolve(state, { type: 'Continuing', t: 500, index, parameters: { n: 2 } });
  const chain = { root: 'r', index: index - 1, ...(isOver ? { next: `r-c${index}` } : {}) };
  const requesters = { usernames: ['ada'] };
  return run('r', 'u', { status: { state: encodeState(state), definition: noted, chain, requesters } });
}

function acceptAfter(predecessor: WorkflowRun | undefined, hasRevision = true, successor = next) {
  const runs = new Store<WorkflowRun>();
  if (predecessor)
    runs.put({ key: 'n/r', uid: predecessor.metadata.uid ?? '', resourceVersion: '1', value: predecessor });
  const revisions = new Store<object>();
  if (hasRevision) revisions.put(entry);
  const get = () => Promise.reject(new ApiError(404, { reason: 'NotFound' }));
  const deps = {
    client: { get } as unknown as KubeClient,
    stores: { runs, revisions, workflows: new Store() },
    memories: new RunMemories(),
    attests: UNATTESTED,
    proves,
  };
  return acceptSuccessor(deps as never, successor, NOW, signal);
}

describe('a run that continues another', () => {
  it('takes over what is stored of that one, once that has ended', async () => {
    expect(await acceptAfter(before(1, false))).toMatchObject({ reason: 'ChainBusy' });
    expect(await acceptAfter(before(1, true))).toMatchObject({
      content: { digest: noted.digest },
      revision: noted.revision,
      state: { link: 1, at: NOW, parameters: { n: 2 } },
      asked: { requesters: ['ada'], unknown: false },
    });
  });

  it('waits for the definition that the chain executes', async () => {
    expect(await acceptAfter(before(1, true), false)).toMatchObject({ reason: 'RevisionMissing' });
  });

  it('fails when that one is gone, or is another one of its name', async () => {
    const gone = { reason: 'PredecessorGone' };
    await expect(acceptAfter(undefined)).rejects.toMatchObject(gone);
    const stranger = before(1, true);
    await expect(acceptAfter({ ...stranger, metadata: { ...stranger.metadata, uid: 'x' } })).rejects.toMatchObject(
      gone,
    );
  });

  it('fails when the operator did not make it', async () => {
    const forged = withProvenance(claimed, { lineage: NOBODY, depth: 0 }, testProofs('another key'));
    for (const each of [claimed, forged]) {
      await expect(acceptAfter(before(1, true), true, each)).rejects.toMatchObject({ reason: 'InvalidOrigin' });
    }
  });

  it('fails when that one was continued by another', async () => {
    await expect(acceptAfter(before(2, true))).rejects.toMatchObject({ reason: 'InvalidOrigin' });
  });
});
