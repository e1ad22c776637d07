import { describe, expect, it } from 'vitest';
import { FINALIZER_RESULT, type Workflow, type WorkflowRun } from '../../api/index.ts';
import type { Pod, PodStatus } from '../../pods/index.ts';
import { RunMemories } from './memory.ts';
import { asksMore, changesPhase, parentOf, saysMore, startsOthers } from './predicates.ts';

const pod = (status: PodStatus, metadata: Partial<Pod['metadata']> = {}, nodeName?: string): Pod => ({
  metadata: { name: 'p', namespace: 'n', finalizers: [FINALIZER_RESULT], ...metadata },
  spec: nodeName === undefined ? { containers: [] } : { containers: [], nodeName },
  status,
});
const bound = [{ type: 'PodScheduled', status: 'True' }];
const pending: PodStatus = { phase: 'Pending' };
const running: PodStatus = {
  phase: 'Running',
  containerStatuses: [{ name: 'main', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }],
};

describe('a version of a pod says more than the one before', () => {
  it('when it is observed as something else', () => {
    expect(saysMore(pod(running), pod(pending))).toBe(true);
    expect(saysMore(pod({ phase: 'Succeeded' }), pod(running))).toBe(true);
    const unschedulable = [{ type: 'PodScheduled', status: 'False', message: 'no room' }];
    expect(saysMore(pod({ ...pending, conditions: unschedulable }), pod(pending))).toBe(true);
  });

  it('when it is to be deleted, or sooner than before', () => {
    const soon = pod(running, { deletionTimestamp: '2026-01-01T00:01:00Z' });
    const sooner = pod(running, { deletionTimestamp: '2026-01-01T00:00:30Z' });
    expect(saysMore(soon, pod(running))).toBe(true);
    expect(saysMore(sooner, soon)).toBe(true);
  });

  it('when other finalizers move ours, so that it can be let go', () => {
    expect(saysMore(pod(running, { finalizers: ['other', FINALIZER_RESULT] }), pod(running))).toBe(true);
  });

  it('but not when it was only bound to a node, labelled, or let go', () => {
    expect(saysMore(pod({ ...pending, conditions: bound }, {}, 'node-1'), pod(pending))).toBe(false);
    expect(saysMore(pod(running, { labels: { color: 'blue' } }), pod(running))).toBe(false);
    expect(saysMore(pod({ phase: 'Succeeded' }, { finalizers: [] }), pod({ phase: 'Succeeded' }))).toBe(false);
  });
});

const run: WorkflowRun = {
  apiVersion: '',
  kind: '',
  metadata: { name: 'r', uid: 'u', resourceVersion: '7', generation: 1 },
  spec: { workflowRef: { name: 'w' }, desiredState: 'Running' },
};

describe('a version of a run asks for a decision', () => {
  it('when people want something else of it, or want it gone', () => {
    expect(asksMore({ ...run, metadata: { ...run.metadata, generation: 2 } }, run)).toBe(true);
    const deleted = { ...run.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(asksMore({ ...run, metadata: deleted }, run)).toBe(true);
  });

  it('when its status is another one', () => {
    expect(asksMore({ ...run, status: { phase: 'Running' } }, run)).toBe(true);
  });

  it('but not when it only got an owner or a label', () => {
    const owned = { ...run.metadata, ownerReferences: [{ apiVersion: 'v', kind: 'Workflow', name: 'w', uid: 'w' }] };
    expect(asksMore({ ...run, metadata: owned }, run)).toBe(false);
    expect(asksMore({ ...run, metadata: { ...run.metadata, labels: { color: 'blue' } } }, run)).toBe(false);
  });
});

describe('the echo of our own write', () => {
  it('is the version that the write made, once, and the copy of it is dropped', () => {
    const memories = new RunMemories();
    const memory = memories.of('u');
    memory.latest = run;
    expect(memories.isEcho('u', '6')).toBe(false);
    expect(memory.latest).toBe(run);
    expect(memories.isEcho('u', '7')).toBe(true);
    expect(memory.latest).toBeUndefined();
    expect(memories.isEcho('u', '7')).toBe(false);
  });

  it('is nothing that may be relied on after a doubtful write', () => {
    const memories = new RunMemories();
    Object.assign(memories.of('u'), { latest: run, isDoubtful: true });
    expect(memories.isEcho('u', '7')).toBe(false);
  });

  it('is not of runs that were never written', () => {
    expect(new RunMemories().isEcho('u', '1')).toBe(false);
  });
});

describe('a run that a task started', () => {
  const child = (status: Partial<WorkflowRun['status']> = {}): WorkflowRun => ({
    apiVersion: '',
    kind: '',
    metadata: { name: 'c', namespace: 'n' },
    spec: {
      workflowRef: { name: 'w' },
      desiredState: 'Running',
      origin: { type: 'Workflow', run: 'parent', uid: 'p', task: 't' },
    },
    status,
  });

  it('names the run that waits for it, and other runs name none', () => {
    expect(parentOf(child())).toBe('n/parent');
    expect(parentOf({ ...child(), spec: { workflowRef: { name: 'w' }, desiredState: 'Running' } })).toBeUndefined();
  });

  it('is looked at by its parent when its phase is another, it ends or is deleted, and not in between', () => {
    const started = child({ phase: 'Running' });
    expect(changesPhase(started, child({ phase: 'Pending' }))).toBe(true);
    expect(changesPhase(child({ phase: 'Running', seq: 3 }), started)).toBe(false);
    expect(changesPhase(child({ phase: 'Running', finishedAt: 'later' }), started)).toBe(true);
    expect(changesPhase({ ...started, metadata: { name: 'c', deletionTimestamp: 'now' } }, started)).toBe(true);
  });
});

describe('a version of a Workflow may start others', () => {
  const ready = { type: 'Ready', status: 'True', reason: 'Valid', message: '', lastTransitionTime: '1' } as const;
  const workflow = (status: Workflow['status'], generation = 1): Workflow => ({
    ...{ apiVersion: '', kind: '', metadata: { name: 'w', namespace: 'n', uid: 'u', generation } },
    ...{ spec: { tasks: [] }, status: { observedGeneration: 1, conditions: [ready], ...status } },
  });

  it('when it was edited, pinned or became ready', () => {
    expect(startsOthers(workflow({}, 2), workflow({}))).toBe(true);
    expect(startsOthers(workflow({ definition: { digest: 'd', revision: 'w-d' } }), workflow({}))).toBe(true);
    expect(startsOthers(workflow({}), workflow({ conditions: [{ ...ready, status: 'False' }] }))).toBe(true);
  });

  it('not when only its schedules went on', () => {
    expect(startsOthers(workflow({ lastSchedule: '2026-01-01T00:00:00Z' }), workflow({}))).toBe(false);
  });
});
