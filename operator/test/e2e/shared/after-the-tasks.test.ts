import { describe, expect } from 'vitest';
import type { Task, WorkflowRun } from '../../../src/api/index.ts';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, eventsOf, outputsOf, phasesOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const defaults = { terminationGracePeriodSeconds: 1 };
/** A task of finally that hands on what it knows of the run. */
const report: Task = script(
  'report',
  'printf "result=%s\nwhy=%s\nfailed=%s\n" "$RESULT" "$WHY" "$FAILED" > $ADO_OUTPUTS',
  {
    env: {
      RESULT: '${{ run.result }}',
      WHY: '${{ run.reason }}',
      FAILED: "${{ run.failures.map(f, f.task + ':' + f.reason) }}",
    },
    outputs: [{ name: 'result' }, { name: 'why' }, { name: 'failed', type: 'List' }],
  },
);

const want = (scenario: Scenario, run: string, desiredState: string) =>
  scenario.kubectl(['patch', 'awr', run, '--type=merge', '-p', JSON.stringify({ spec: { desiredState } })]);

/** Paths in the order in which they were started. */
const started = (run: WorkflowRun) => eventsOf(run).flatMap((event) => (event.type === 'Started' ? [event.path] : []));

describe('finally', () => {
  it.concurrent('runs after tasks that ended well, and sees what they handed on', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('good', {
        tasks: [script('make', 'echo url=here > $ADO_OUTPUTS', { outputs: [{ name: 'url' }] })],
        finally: [
          report,
          script('tell', 'test "$URL$STATUS$BEFORE" = hereSucceededSucceeded', {
            needs: ['report'],
            env: {
              URL: '${{ tasks.make.outputs.url }}',
              STATUS: '${{ tasks.make.status }}',
              BEFORE: '${{ tasks.report.outputs.result }}',
            },
          }),
        ],
      }),
    );
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
    expect(outputsOf(run, 'report')).toEqual({ result: 'Succeeded', why: 'Succeeded', failed: [] });
    expect(started(run)).toEqual(['make', 'report', 'tell']);
  });

  it.concurrent('runs after a failure, which it knows and does not change', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('bad', {
        tasks: [script('broken', 'exit 4'), script('after', 'true', { needs: ['broken'] })],
        finally: [report, script('look', 'test "$STATUS" = Skipped', { env: { STATUS: '${{ tasks.after.status }}' } })],
      }),
    );
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TaskFailed' });
    expect(outputsOf(run, 'report')).toEqual({ result: 'Failed', why: 'TaskFailed', failed: ['broken:ExitCode'] });
    expect(rowOf(run, 'look').phase).toBe('Succeeded');
  });

  it.concurrent('runs after the timeout of the run, however long it takes itself', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('late', {
        timeout: '3s',
        defaults,
        tasks: [script('slow', 'sleep 600')],
        finally: [report, script('long', 'sleep 4')],
      }),
    );
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TimedOut' });
    expect(outputsOf(run, 'report')).toMatchObject({ result: 'Failed', why: 'TimedOut' });
    expect(phasesOf(run)).toEqual({ slow: 'Cancelled', report: 'Succeeded', long: 'Succeeded' });
  });

  it.concurrent('runs after a cancel, and not after a termination, which also ends it', FULL, async ({ scenario }) => {
    const tasks = [script('slow', 'sleep 600')];
    await scenario.given(
      workflow('stopped', { defaults, tasks, finally: [report] }),
      workflowRun('cancelled', 'stopped'),
      workflowRun('terminated', 'stopped'),
      workflow('cleaning', { defaults, tasks, finally: [script('clean', 'sleep 600')] }),
      workflowRun('cleaning', 'cleaning'),
    );
    for (const name of ['cancelled', 'terminated', 'cleaning'])
      await scenario.taskIs(name, 'slow', 'runs', ({ phase }) => phase === 'Running');
    await want(scenario, 'cancelled', 'Cancelled');
    await want(scenario, 'terminated', 'Terminated');
    await want(scenario, 'cleaning', 'Cancelled');
    const cancelled = await scenario.ended('cancelled');
    expect(cancelled.status?.phase).toBe('Cancelled');
    expect(outputsOf(cancelled, 'report')).toMatchObject({ result: 'Cancelled', why: 'Cancelled' });
    const terminated = await scenario.ended('terminated');
    expect(phasesOf(terminated)).toEqual({ slow: 'Cancelled', report: 'Skipped' });
    await scenario.taskIs('cleaning', 'clean', 'runs', ({ phase }) => phase === 'Running');
    await want(scenario, 'cleaning', 'Terminated');
    expect(phasesOf(await scenario.ended('cleaning'))).toEqual({ slow: 'Cancelled', clean: 'Cancelled' });
  });

  it.concurrent('that fails is a failure of a run that had ended well', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('messy', { tasks: [script('fine', 'true')], finally: [script('clean', 'exit 6')] }),
    );
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'FinallyFailed' });
    expect(conditionOf(run, 'Succeeded').message).toMatch(/clean: ExitCode.*6/);
  });
});

describe('undo', () => {
  const steps = (last: string) => [
    script('book', 'echo id=b1 > $ADO_OUTPUTS', {
      outputs: [{ name: 'id' }],
      undo: { run: 'test "$ID" = b1', env: { ID: '${{ outputs.id }}' } },
    }),
    script('pay', 'true', { needs: ['book'], undo: { run: 'exit 1' } }),
    script('pack', 'true', { needs: ['pay'], undo: { run: 'true' } }),
    script('send', last, { needs: ['pack'], undo: { run: 'true' } }),
  ];

  it.concurrent('undoes what was done after a failure, the latest first, though one of them fails', async ({
    scenario,
  }) => {
    const run = await scenario.ran(
      workflow('order', { compensate: ['Failed'], tasks: steps('exit 1'), finally: [report] }),
    );
    const undone = ['pack.undo', 'pay.undo', 'book.undo'];
    expect(started(run)).toEqual(['book', 'pay', 'pack', 'send', ...undone, 'report']);
    expect(phasesOf(run)).toMatchObject({
      'pack.undo': 'Succeeded',
      'pay.undo': 'Failed',
      'book.undo': 'Succeeded',
      report: 'Succeeded',
    });
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TaskFailed' });
    const ends = undone.map((path) => Date.parse(rowOf(run, path).finishedAt ?? ''));
    const starts = undone.map((path) => Date.parse(rowOf(run, path).startedAt ?? ''));
    expect(starts[1]).toBeGreaterThanOrEqual(ends[0] ?? Number.NaN);
    expect(starts[2]).toBeGreaterThanOrEqual(ends[1] ?? Number.NaN);
  });

  it.concurrent(
    'undoes nothing of a run that ended well, and after a cancel only if it is said so',
    FULL,
    async ({ scenario }) => {
      const both = steps('sleep 600');
      await scenario.given(
        workflow('good', { compensate: ['Failed', 'Cancelled'], tasks: steps('true') }),
        workflowRun('good', 'good'),
        workflow('cancelled', { defaults, compensate: ['Cancelled'], tasks: both }),
        workflowRun('cancelled', 'cancelled'),
        workflow('kept', { defaults, compensate: ['Failed'], tasks: both }),
        workflowRun('kept', 'kept'),
      );
      for (const name of ['cancelled', 'kept']) {
        await scenario.taskIs(name, 'send', 'runs', ({ phase }) => phase === 'Running');
        await want(scenario, name, 'Cancelled');
      }
      const undone = (run: WorkflowRun) => started(run).filter((path) => path.endsWith('.undo'));
      expect(undone(await scenario.ended('good'))).toEqual([]);
      expect(undone(await scenario.ended('kept'))).toEqual([]);
      const cancelled = await scenario.ended('cancelled');
      expect(undone(cancelled)).toEqual(['pack.undo', 'pay.undo', 'book.undo']);
      expect(cancelled.status?.phase).toBe('Cancelled');
    },
  );
});
