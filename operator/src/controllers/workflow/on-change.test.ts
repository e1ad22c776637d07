import { describe, expect, it } from 'vitest';
import { NOBODY, triggeredRun, type Workflow, type WorkflowRun, type WorkflowSpec } from '../../api/index.ts';
import { testProofs } from '../testing/proofs.ts';
import { type Change, type History, changeOf as judge, MAX_GENERATIONS } from './on-change.ts';

const proves = testProofs();

const spec = (script: string, onCreate: 'Run' | 'Ignore' = 'Run'): WorkflowSpec => ({
  triggers: { onChange: { of: ['Tasks'], onCreate } },
  parameters: [{ name: 'p', default: '1' }],
  tasks: [{ name: 'a', image: 'busybox', run: script }],
});

const workflow = (of: WorkflowSpec, lastApplied?: NonNullable<Workflow['status']>['lastApplied']): Workflow => ({
  apiVersion: '',
  kind: '',
  metadata: { name: 'w', namespace: 'n', uid: 'u' },
  spec: of,
  ...(lastApplied ? { status: { lastApplied } } : {}),
});

const NOW = Date.parse('2026-01-01T00:00:00Z');
const changeOf = (of: Workflow, history: History = { runs: [], now: NOW }): Change | undefined => {
  const change = judge(of, history, proves);
  if (change === 'Stopped') throw new Error('stopped');
  return change;
};

describe('a workflow that changes itself', () => {
  const built = (wanted: Change['run']): WorkflowRun => {
    if (wanted === undefined) throw new Error('no run was made');
    return triggeredRun(workflow(spec('')), { ...wanted, lineage: NOBODY, depth: 0 }, proves);
  };
  const made = (run: WorkflowRun, second: number, finishedAt?: string): WorkflowRun => {
    const creationTimestamp = new Date(NOW + second * 1000).toISOString();
    return {
      ...run,
      metadata: { ...run.metadata, creationTimestamp },
      ...(finishedAt ? { status: { finishedAt } } : {}),
    } as WorkflowRun;
  };
  /** Changes in a row, each while the run of the one before is under way, until onChange is stopped. */
  function untilStopped(runs: WorkflowRun[], first = 0): { mark: Change['mark'] | undefined; count: number } {
    let mark: Change['mark'] | undefined;
    for (let count = 0; count < 100; count++) {
      const change = judge(workflow(spec(`${first + count}`), mark), { runs, now: NOW }, proves);
      if (change === 'Stopped' || change === undefined) return { mark, count };
      runs.push(made(built(change.run), first + count));
      mark = change.mark;
    }
    return { mark, count: 100 };
  }

  it('is stopped after a bounded number of runs, also when the last one has ended', () => {
    const runs: WorkflowRun[] = [];
    const { mark, count } = untilStopped(runs);
    expect(count).toBe(MAX_GENERATIONS + 1);
    const ended = runs.map((run, index) => made(run, index, '2026-01-01T00:00:00Z'));
    expect(judge(workflow(spec('later'), mark), { runs: ended, now: NOW + 3_600_000 }, proves)).toBe('Stopped');
  });

  it('goes on when somebody has started a run by hand, for as many again', () => {
    const runs: WorkflowRun[] = [];
    const { mark } = untilStopped(runs);
    const byHand = { metadata: { name: 'm', creationTimestamp: new Date(NOW + 99_000).toISOString() }, spec: {} };
    const change = changeOf(workflow(spec('later'), mark), { runs: [...runs, byHand as WorkflowRun], now: NOW });
    expect(change?.run?.origin.generation).toBe(0);
  });

  it('is not one that others change when its runs have ended', () => {
    let mark: Change['mark'] | undefined;
    let runs: WorkflowRun[] = [];
    for (let count = 0; count < 60; count++) {
      const change = changeOf(workflow(spec(`${count}`), mark), { runs, now: NOW + 60_000 });
      expect(change?.run?.origin.generation).toBe(0);
      runs = [made(built(change?.run), count, '2026-01-01T00:00:00Z')];
      mark = change?.mark;
    }
  });
});

describe('onChange', () => {
  it('runs the first version, and the same version never again', () => {
    const first = changeOf(workflow(spec('A')));
    expect(first?.run?.name).toMatch(/^w-[0-9a-f]{8}$/);
    expect(changeOf(workflow(spec('A'), first?.mark))).toBeUndefined();
  });

  it('makes the same run from the same mark, so that a crash before the mark is stored makes no second one', () => {
    expect(changeOf(workflow(spec('A')))?.run).toEqual(changeOf(workflow(spec('A')))?.run);
  });

  it('runs A, B and A again under three names', () => {
    const a = changeOf(workflow(spec('A')));
    const b = changeOf(workflow(spec('B'), a?.mark));
    const again = changeOf(workflow(spec('A'), b?.mark));
    expect(new Set([a, b, again].map((change) => change?.run?.name)).size).toBe(3);
    expect([a, b, again].map((change) => change?.run?.number)).toEqual([1, 2, 3]);
  });

  it('with onCreate Ignore sets its mark without a run, and runs the next version', () => {
    const first = changeOf(workflow(spec('A', 'Ignore')));
    expect(first?.run).toBeUndefined();
    expect(changeOf(workflow(spec('B', 'Ignore'), first?.mark))?.run).toBeDefined();
  });

  it('looks only at what it is told to watch', () => {
    const first = changeOf(workflow(spec('A')));
    const parameters = [{ name: 'p', default: '2' }];
    expect(changeOf(workflow({ ...spec('A'), parameters }, first?.mark))).toBeUndefined();
    const retention = { succeeded: { count: 1 } };
    expect(changeOf(workflow({ ...spec('A'), retention }, first?.mark))).toBeUndefined();
    expect(changeOf(workflow({ ...spec('A'), timeout: '1h' }, first?.mark))?.run).toBeDefined();
  });

  it('does nothing for a workflow without it', () => {
    const { triggers: _none, ...rest } = spec('A');
    expect(changeOf(workflow(rest))).toBeUndefined();
  });
});
