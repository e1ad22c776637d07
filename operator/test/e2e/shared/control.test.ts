import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, outputsOf, rowOf } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const want = (run: string, desiredState: string) => [
  'patch',
  'workflowruns.flow.ado.dev',
  run,
  '--type=merge',
  '-p',
  JSON.stringify({ spec: { desiredState } }),
];
const phases = (run: { status?: { tasks?: { path: string; phase: string }[] | undefined } | undefined }) =>
  Object.fromEntries(run.status?.tasks?.map(({ path, phase }) => [path, phase]) ?? []);

describe('time', () => {
  it.concurrent('ends a task that takes longer than its timeout, retries and all', async ({ scenario }) => {
    await scenario.given(
      workflow('slow', {
        defaults: { terminationGracePeriodSeconds: 1 },
        tasks: [
          script('slow', 'sleep 600', { timeout: '4s', retry: { limit: 5 } }),
          script('again', 'sleep 1; exit 1', {
            timeout: '6s',
            retry: { limit: 100, backoff: { duration: '1s', factor: 1 } },
          }),
          script('quick', 'true', { timeout: '60s' }),
        ],
      }),
      workflowRun('slow', 'slow'),
    );
    const run = await scenario.ended('slow');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TaskFailed' });
    expect(rowOf(run, 'slow')).toMatchObject({ phase: 'Failed', reason: 'TimedOut', attempt: 0 });
    expect(rowOf(run, 'slow').message).toContain('4 s');
    expect(rowOf(run, 'again')).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
    expect(rowOf(run, 'again').attempt).toBeLessThan(6);
    expect(rowOf(run, 'quick').phase).toBe('Succeeded');
  });

  it.concurrent(
    'ends a run that takes longer than its timeout, and starts nothing more of it',
    FULL,
    async ({ scenario }) => {
      await scenario.given(
        workflow('endless', {
          timeout: '4s',
          defaults: { terminationGracePeriodSeconds: 1 },
          tasks: [script('first', 'sleep 600'), script('second', 'true', { needs: ['first'], runIf: 'Always' })],
        }),
        workflowRun('endless', 'endless'),
      );
      const run = await scenario.ended('endless');
      expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TimedOut' });
      expect(phases(run)).toEqual({ first: 'Cancelled', second: 'Skipped' });
      // The pod of the first is gone where it had not begun.
      expect(['', 'first']).toContain(String(await scenario.podPaths()));
    },
  );
});

describe('failure', () => {
  it.concurrent(
    'lets a run go on after a failure that may be, and runs what waits for one',
    FULL,
    async ({ scenario }) => {
      const needs = ['broken'];
      await scenario.given(
        workflow('tolerant', {
          tasks: [
            script('broken', 'exit 7'),
            script('skipped', 'true', { needs }),
            script('rescue', 'echo why=$WHY > $ADO_OUTPUTS', {
              needs,
              runIf: 'Failed',
              env: { WHY: '${{ tasks.broken.status }}' },
              outputs: [{ name: 'why' }],
            }),
            script('always', 'true', { needs: ['broken', 'optional'], runIf: 'Always' }),
            script('optional', 'exit 8', { onFailure: 'Continue' }),
            script('after', 'true', { needs: ['optional'] }),
            script('idle', 'true', { needs: ['after'], runIf: 'Failed' }),
          ],
        }),
        workflowRun('tolerant', 'tolerant'),
        workflow('forgiving', {
          tasks: [
            script('optional', 'exit 8', { onFailure: 'Continue' }),
            script('after', 'true', { needs: ['optional'] }),
          ],
        }),
        workflowRun('forgiving', 'forgiving'),
      );
      const run = await scenario.ended('tolerant');
      expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TaskFailed' });
      expect(phases(run)).toEqual({
        broken: 'Failed',
        skipped: 'Skipped',
        rescue: 'Succeeded',
        always: 'Succeeded',
        optional: 'Failed',
        after: 'Succeeded',
        idle: 'Skipped',
      });
      expect(outputsOf(run, 'rescue')).toEqual({ why: 'Failed' });
      expect(rowOf(run, 'idle').reason).toBe('NothingFailed');
      const forgiven = await scenario.ended('forgiving');
      expect(conditionOf(forgiven, 'Succeeded').status).toBe('True');
      expect(phases(forgiven)).toEqual({ optional: 'Failed', after: 'Succeeded' });
    },
  );
});

describe('desiredState', () => {
  it.concurrent('pauses: what runs goes on, nothing new starts; and resumes', async ({ scenario }) => {
    await scenario.given(
      workflow('pause', {
        tasks: [
          script('first', 'until test -e /tmp/now; do sleep 0.2; done'),
          script('second', 'true', { needs: ['first'] }),
        ],
      }),
      workflowRun('pause', 'pause'),
    );
    const pod = await scenario.podRuns('first');
    await scenario.kubectl(want('pause', 'Paused'));
    await scenario.runIs('pause', 'is paused', ({ status }) => status?.phase === 'Paused');
    await scenario.kubectl(['exec', pod.metadata.name, '--', 'touch', '/tmp/now']);
    const paused = await scenario.taskIs('pause', 'first', 'succeeded', ({ phase }) => phase === 'Succeeded');
    expect(paused.phase).toBe('Succeeded');
    const seen = await scenario.run('pause');
    expect(rowOf(seen, 'second')).toMatchObject({ phase: 'Pending', reason: 'Paused' });
    expect(conditionOf(seen, 'Succeeded')).toMatchObject({ status: 'Unknown', reason: 'Paused' });
    await scenario.kubectl(want('pause', 'Running'));
    const run = await scenario.ended('pause');
    expect(phases(run)).toEqual({ first: 'Succeeded', second: 'Succeeded' });
  });

  it.concurrent('cancels: pods get SIGTERM and their grace, nothing new starts', async ({ scenario }) => {
    await scenario.given(
      workflow('cancel', {
        tasks: [
          script('first', 'trap "echo told=yes; exit 5" TERM; while true; do sleep 0.2; done', {
            terminationGracePeriodSeconds: 600,
          }),
          script('second', 'true', { needs: ['first'], runIf: 'Always' }),
        ],
      }),
      workflowRun('cancel', 'cancel'),
    );
    const pod = await scenario.podRuns('first');
    const logs = scenario.kubectl(['logs', '-f', pod.metadata.name]);
    await scenario.kubectl(want('cancel', 'Cancelled'));
    const run = await scenario.ended('cancel');
    expect(run.status?.phase).toBe('Cancelled');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'Cancelled' });
    expect(phases(run)).toEqual({ first: 'Cancelled', second: 'Skipped' });
    expect(await logs).toContain('told=yes');
  });

  it.concurrent('terminates: everything stops at once, whatever its grace', async ({ scenario }) => {
    const stubborn = script('stubborn', 'trap "" TERM; while true; do sleep 0.2; done', {
      terminationGracePeriodSeconds: 600,
    });
    await scenario.given(
      workflow('terminate', { tasks: [stubborn, script('second', 'true', { needs: ['stubborn'], runIf: 'Always' })] }),
      workflowRun('terminate', 'terminate'),
    );
    await scenario.podRuns('stubborn');
    await scenario.kubectl(want('terminate', 'Terminated'));
    const run = await scenario.ended('terminate');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'Terminated' });
    expect(phases(run)).toEqual({ stubborn: 'Cancelled', second: 'Skipped' });
    await scenario.until('its pod is gone', async () => (await scenario.pods()).length === 0);
  });

  it.concurrent(
    'terminates what is being cancelled: the run ends at once, its pods are told to',
    FULL,
    async ({ scenario }) => {
      const stubborn = script('stubborn', 'trap "" TERM; while true; do sleep 0.2; done', {
        terminationGracePeriodSeconds: 20,
      });
      await scenario.given(workflow('hurry', { tasks: [stubborn] }), workflowRun('hurry', 'hurry'));
      const graceIs = (seconds: number) =>
        scenario.until(`the pod has a grace of ${seconds} s`, async () => {
          const { metadata } = await scenario.podOf('stubborn');
          return metadata.deletionGracePeriodSeconds === seconds;
        });
      await scenario.podRuns('stubborn');
      await scenario.kubectl(want('hurry', 'Cancelled'));
      await graceIs(20);
      await scenario.kubectl(want('hurry', 'Terminated'));
      // The kubelet (1.34) sits the first grace out once it has begun to stop a container; the run does not wait for it.
      await graceIs(1);
      expect((await scenario.ended('hurry', { timeoutMs: 10_000 })).status?.phase).toBe('Cancelled');
    },
  );

  it.concurrent('never moves back, and nothing else of a run can change', async ({ scenario }) => {
    await scenario.given(
      workflow('frozen', {
        parameters: [{ name: 'a' }],
        // It goes on for a while when it is cancelled, so that the run has not ended when more is asked of it.
        tasks: [script('wait', 'trap "" TERM; sleep 600', { terminationGracePeriodSeconds: 20 })],
      }),
      workflowRun('frozen', 'frozen', { a: '1' }),
    );
    await scenario.podRuns('wait');
    const patch = (body: unknown) => ['patch', 'awr', 'frozen', '--type=merge', '-p', JSON.stringify(body)];
    const frozen = /cannot change once the run exists/;
    expect(await scenario.refused(patch({ spec: { workflowRef: { name: 'other' } } }))).toMatch(frozen);
    expect(await scenario.refused(patch({ spec: { parameters: [{ name: 'a', value: '2' }] } }))).toMatch(frozen);
    expect(await scenario.refused(patch({ spec: { requester: { username: 'eve' } } }))).toMatch(frozen);
    await scenario.kubectl(want('frozen', 'Cancelled'));
    expect(await scenario.refused(want('frozen', 'Running'))).toMatch(/never back/);
    expect(await scenario.refused(want('frozen', 'Paused'))).toMatch(/never back/);
    await scenario.kubectl(want('frozen', 'Terminated'));
    expect(await scenario.refused(want('frozen', 'Cancelled'))).toMatch(/never back|has ended/);
    await scenario.ended('frozen');
  });

  it.concurrent('is refused of a run that has ended, which `kubectl wait` hears of however it ended', async ({
    scenario,
  }) => {
    await scenario.given(
      workflow('well', { tasks: [script('one', 'true')] }),
      workflow('badly', { tasks: [script('one', 'exit 1'), script('two', 'true', { needs: ['one'] })] }),
      workflow('never', { tasks: [script('forever', 'sleep 600', { terminationGracePeriodSeconds: 1 })] }),
      ...['well', 'badly', 'never'].map((name) => workflowRun(name, name)),
    );
    await scenario.podRuns('forever');
    await scenario.kubectl(want('never', 'Cancelled'));
    const names = ['well', 'badly', 'never'];
    const each = names.map((name) => `awr/${name}`);
    await scenario.kubectl(['wait', ...each, '--for=condition=Complete', '--timeout=180s']);
    const runs = await Promise.all(names.map((name) => scenario.run(name)));
    const ends = runs.map((run) => [run.status?.phase, conditionOf(run, 'Complete').reason, run.status?.progress]);
    expect(ends).toEqual([
      ['Succeeded', 'Succeeded', '1/1'],
      ['Failed', 'TaskFailed', '0/2, 1 failed'],
      ['Cancelled', 'Cancelled', '0/1'],
    ]);
    expect(await scenario.refused(want('well', 'Paused'))).toMatch(/this run has ended/);
    expect(await scenario.refused(want('badly', 'Cancelled'))).toMatch(/this run has ended/);
    expect(await scenario.refused(want('never', 'Terminated'))).toMatch(/this run has ended/);
  });
});
