import { describe, expect, it } from 'vitest';
import type { AttemptObservation, Definition, HistoryEvent, WorkflowRun } from '../../../api/index.ts';
import { accept, acceptContinuing, attemptKey, decide, digestOf, evolve, plan } from '../../../engine/index.ts';
import { buildStatus, statusWithoutState, unsuccessful } from './status.ts';

const LIVE = 80;
const since = 1_700_000_000_000;
const definition: Definition = {
  defaults: { image: 'busybox' },
  tasks: [{ name: 'wide', run: 'true', forEach: { sequence: { from: 1, to: LIVE + 50 } } }],
  parallelism: LIVE,
};
const run: WorkflowRun = {
  apiVersion: 'flow.ado.dev/v1alpha1',
  kind: 'WorkflowRun',
  metadata: { name: 'wide', namespace: 'ns', uid: 'uid' },
  spec: { workflowRef: { name: 'wide' }, desiredState: 'Running' },
};

describe('what a run waits for', () => {
  it('counts all tasks that wait, and not only those that are shown', () => {
    const compiled = plan(definition, digestOf(definition));
    const { state: begun } = accept(compiled.digest, {}, since);
    const identity = { name: 'wide', namespace: 'ns', uid: 'uid', workflow: 'wide' };
    const seen = { desiredState: 'Running', attempts: new Map() } as const;
    const { state, actions } = decide(identity, compiled, begun, seen, since);
    const waits: AttemptObservation = { phase: 'Pending', reason: 'Unschedulable', message: 'no node', since };
    const attempts = new Map(actions.map(({ path, attempt }) => [attemptKey(path, attempt), waits]));
    const journal = { firstSeq: 1, pages: 0, tail: '[]' };
    const status = buildStatus(run, 'revision', compiled, state, journal, { attempts }, since);
    expect(status.tasks).toHaveLength(50);
    expect(status.waitingFor).toBe(`${LIVE} Unschedulable`);
  });
});

describe('where a run stands in its chain', () => {
  const compiled = plan({ tasks: [{ name: 'a', run: 'true' }] }, 'd');
  const journal = { firstSeq: 1, pages: 0, tail: '[]' };
  const statusOf = (of: WorkflowRun, state: Parameters<typeof buildStatus>[3]) =>
    buildStatus(of, 'revision', compiled, state, journal, { attempts: new Map() }, since + 60_000);

  it('is said of its first run once that goes on, with the next one when it has ended', () => {
    const { state } = accept('d', {}, since);
    expect(statusOf(run, state).chain).toBeUndefined();
    evolve(state, { type: 'Continuing', t: 1, index: 1 });
    expect(statusOf(run, state).chain).toEqual({ root: 'wide', index: 0 });
    evolve(state, { type: 'Finished', t: 2, phase: 'Succeeded', reason: 'ContinuedAsNew', message: 'm' });
    expect(statusOf(run, state).chain).toEqual({ root: 'wide', index: 0, next: 'wide-c1' });
  });

  it('is said of the next one, which names no pod of the run before', () => {
    const { state } = accept('d', {}, since);
    evolve(state, { type: 'Started', t: 100, path: 'a', attempt: 0 });
    evolve(state, { type: 'Succeeded', t: 200, path: 'a' });
    expect(statusOf(run, state).tasks?.[0]?.pod).toBeDefined();
    evolve(state, { type: 'Continuing', t: 300, index: 1 });
    const { state: next } = acceptContinuing(state, since + 1000);
    const continues = { root: 'wide', run: 'wide', uid: 'uid', index: 1, since: '' };
    const status = statusOf({ ...run, spec: { ...run.spec, continues } }, next);
    expect(status.chain).toEqual({ root: 'wide', index: 1 });
    const [row] = status.tasks ?? [];
    expect(row).toMatchObject({ path: 'a', phase: 'Succeeded', startedAt: '2023-11-14T22:13:20Z' });
    expect(row?.pod).toBeUndefined();
  });

  it('is not to change where a run cannot continue, and the run says why', () => {
    const { state } = accept('d', {}, since);
    evolve(state, { type: 'NotContinued', t: 1, message: 'its workspace work goes with the run' });
    const condition = statusOf(run, state).conditions?.find(({ type }) => type === 'Succeeded');
    expect(condition?.message).toContain('does not continue as a new run: its workspace work');
  });
});

describe('the end of a run', () => {
  const compiled = plan({ tasks: ['a', 'b', 'c'].map((name) => ({ name, run: 'true' })) }, 'd');
  const journal = { firstSeq: 1, pages: 0, tail: '[]' };
  function statusAfter(...events: HistoryEvent[]) {
    const { state } = accept('d', {}, since);
    for (const event of events) evolve(state, event);
    return buildStatus(run, 'revision', compiled, state, journal, { attempts: new Map() }, since + 60_000);
  }
  const complete = ({ conditions }: Partial<ReturnType<typeof statusAfter>>) =>
    conditions?.find(({ type }) => type === 'Complete');
  const failed = (path: string): HistoryEvent => {
    return { type: 'Failed', t: 1, path, failure: { reason: 'ExitCode', message: 'exit code 1' } };
  };
  const succeeded = (path: string): HistoryEvent => ({ type: 'Succeeded', t: 1, path });
  const skipped = (path: string): HistoryEvent => ({ type: 'Skipped', t: 1, path, reason: 'WhenFalse' });

  it.each([
    ['Succeeded', 'Succeeded'],
    ['Failed', 'TaskFailed'],
    ['Failed', 'TimedOut'],
    ['Cancelled', 'Cancelled'],
    ['Succeeded', 'ContinuedAsNew'],
  ] as const)('is Complete as %s, whose reason is %s', (phase, reason) => {
    expect(complete(statusAfter())).toBeUndefined();
    const over = statusAfter({ type: 'Finished', t: 2, phase, reason, message: 'why' });
    expect(complete(over)).toMatchObject({ status: 'True', reason, message: 'why' });
  });

  it('is Complete also where nothing was started', () => {
    const refused = statusWithoutState(run, 'Failed', unsuccessful('InvalidParameters', 'why'), since);
    expect(complete(refused)).toMatchObject({ status: 'True', reason: 'InvalidParameters' });
  });

  it('never looks whole in the column of one that failed', () => {
    const end: HistoryEvent = { type: 'Finished', t: 2, phase: 'Failed', reason: 'TaskFailed', message: 'why' };
    expect(statusAfter(succeeded('a'), failed('b'), skipped('c'), end).progress).toBe('1/3, 1 failed');
    expect(statusAfter(succeeded('a'), { ...end, reason: 'TimedOut' }).progress).toBe('1/3');
    expect(statusAfter(succeeded('a'), { ...end, phase: 'Cancelled', reason: 'Cancelled' }).progress).toBe('1/3');
  });

  it('counts a task that had not to run as well as one that succeeded, of a run that succeeds', () => {
    expect(statusAfter(succeeded('a'), skipped('b')).progress).toBe('2/3');
    const end: HistoryEvent = { type: 'Finished', t: 2, phase: 'Succeeded', reason: 'Succeeded', message: 'why' };
    expect(statusAfter(succeeded('a'), skipped('b'), succeeded('c'), end).progress).toBe('3/3');
    expect(statusAfter(succeeded('a'), failed('b'), succeeded('c'), end).progress).toBe('2/3, 1 failed');
  });
});
