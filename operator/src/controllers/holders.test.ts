import { describe, expect, it } from 'vitest';
import { ANNOTATION_PROOF, type HistoryEvent, LABEL_ATTEMPT, type WorkflowRun } from '../api/index.ts';
import { accept, encodeState, evolve } from '../engine/index.ts';
import { PODS_BY_RUN_UID } from '../executors/index.ts';
import { type Pod, podName } from '../pods/index.ts';
import { Store } from '../runtime/index.ts';
import { Holders } from './holders.ts';
import { identities } from './testing/proving.ts';

const proving = identities();
const holder = { run: 'r', uid: 'u', path: 'a', attempt: 1 };
const started = (attempt: number): HistoryEvent => ({ type: 'Started', t: 1, path: 'a', attempt });
const retrying: HistoryEvent = {
  ...{ type: 'Retrying', t: 2, path: 'a', cause: 'User', wake: 9 },
  failure: { reason: 'ExitCode', message: '' },
};

function stateAfter(...events: HistoryEvent[]): string {
  let { state } = accept('d', {}, 0);
  for (const event of events) state = evolve(state, event);
  return encodeState(state);
}

/** Holders of a cluster with this run and, if it has a phase, the pod of the attempt. */
function holdersOf(
  run: Partial<WorkflowRun> | undefined,
  phase?: string,
  forged: Partial<Pod['metadata']> = {},
): Holders {
  const runs = new Store<WorkflowRun>();
  const pods = new Store<Pod>({ indexes: { [PODS_BY_RUN_UID]: () => ['u'] } });
  if (run) {
    const spec = { workflowRef: { name: 'w' }, desiredState: 'Running' } as const;
    const value = { apiVersion: '', kind: '', metadata: { name: 'r', namespace: 'n', uid: 'u' }, spec, ...run };
    runs.put({ key: 'n/r', uid: value.metadata.uid ?? '', resourceVersion: '1', value });
  }
  if (phase) {
    const name = podName('r', 'u', 'a', 1);
    const proof = proving.proofOf('Pod', name, { namespace: 'n', uid: 'u' }, holder);
    const metadata = {
      ...{ name, namespace: 'n', uid: 'p', labels: { [LABEL_ATTEMPT]: '1' } },
      annotations: { [ANNOTATION_PROOF]: proof },
      ...forged,
    };
    pods.put({
      key: `${metadata.namespace}/${metadata.name}`,
      uid: 'p',
      resourceVersion: '1',
      value: { metadata, spec: { containers: [] }, status: { phase } },
    });
  }
  return new Holders({ runs, pods }, { now: () => 0 }, proving);
}
const withState = (...events: HistoryEvent[]) => ({ status: { state: stateAfter(...events) } });

describe('whoever holds something', () => {
  it('does so while its attempt is the live one of the stored state', () => {
    expect(holdersOf(withState(started(1))).holderState('n', holder)).toBe('Held');
  });

  it('does so no more when its attempt is over by the stored state, and not by anything less', () => {
    expect(holdersOf(withState(started(1), retrying)).holderState('n', holder)).toBe('Free');
    expect(holdersOf(withState(started(1), { type: 'Succeeded', t: 2, path: 'a' })).holderState('n', holder)).toBe(
      'Free',
    );
    expect(holdersOf(withState(started(1), retrying, started(2))).holderState('n', holder)).toBe('Free');
  });

  it('is not known to have started while the state says nothing of its attempt', () => {
    expect(holdersOf(withState()).holderState('n', holder)).toBe('Unstarted');
    expect(holdersOf(withState(started(0), retrying)).holderState('n', holder)).toBe('Unstarted');
    expect(holdersOf({}).holderState('n', holder)).toBe('Unstarted');
  });

  it('does so no more when its run is gone, over, or another one of its name', () => {
    expect(holdersOf(undefined).holderState('n', holder)).toBe('Free');
    expect(holdersOf({ status: { finishedAt: '2026-01-01T00:00:00Z' } }).holderState('n', holder)).toBe('Free');
    expect(holdersOf(withState(started(1))).holderState('n', { ...holder, uid: 'other' })).toBe('Free');
  });

  it('does so while its pod still runs, even if its run is gone', () => {
    expect(holdersOf(undefined, 'Running').holderState('n', holder)).toBe('Held');
    expect(holdersOf(undefined, 'Succeeded').holderState('n', holder)).toBe('Free');
    expect(holdersOf(undefined, 'Running').holderState('n', { ...holder, attempt: 0 })).toBe('Free');
  });

  it('is not kept by a pod that others made, whatever it says', () => {
    const others = [
      { annotations: {} },
      { namespace: 'other' },
      { name: 'x' },
      { annotations: { [ANNOTATION_PROOF]: 'x' } },
    ];
    for (const forged of others) {
      expect(holdersOf(undefined, 'Running', forged).holderState('n', holder)).toBe('Free');
      const over = { status: { finishedAt: '2026-01-01T00:00:00Z' } };
      expect(holdersOf(over, 'Running', forged).holderState('n', holder)).toBe('Free');
    }
  });

  it('is kept by a pod without proof where its run was begun before proofs, or has recorded it', () => {
    const owner = { apiVersion: '', kind: 'WorkflowRun', name: 'r', uid: 'u', controller: true };
    const unproven = { annotations: {}, ownerReferences: [owner] };
    const settled = [started(1), { type: 'Succeeded', t: 2, path: 'a' } as const];
    const older = { status: { state: stateAfter(...settled).replace('"flags":[1],', '') } };
    expect(holdersOf(older, 'Running', unproven).holderState('n', holder)).toBe('Held');
    expect(holdersOf(withState(...settled), 'Running', unproven).holderState('n', holder)).toBe('Free');
  });

  it('does so if its state was written by a newer operator', () => {
    const state = JSON.stringify({ ...JSON.parse(stateAfter()), v: 999 });
    expect(holdersOf({ status: { state } }).holderState('n', holder)).toBe('Held');
  });
});

describe('a run that asked', () => {
  it('may start something unless it is gone, over, paused or stopped', () => {
    const spec = { workflowRef: { name: 'w' }, desiredState: 'Paused' } as const;
    expect(holdersOf(withState()).mayStart('n', 'r', 'u')).toBe(true);
    expect(holdersOf({ ...withState(), spec }).mayStart('n', 'r', 'u')).toBe(false);
    expect(holdersOf(withState()).mayStart('n', 'r', 'other')).toBe(false);
    expect(holdersOf({ status: { finishedAt: 'x' } }).mayStart('n', 'r', 'u')).toBe(false);
  });
});
