import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, rowOf } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

describe('what goes wrong in a pod', () => {
  it.concurrent('blames an exit code on the user, retries only what `when` allows, and counts failures', async ({
    scenario,
  }) => {
    const retry = { limit: 3, backoff: { duration: '1s' }, when: 'exitCode != 2' };
    await scenario.given(
      workflow('exit', {
        tasks: [
          script('two', 'exit 2', { retry }),
          script('one', 'exit 1', { retry: { ...retry, limit: 1 } }),
          script('after', 'true', { needs: ['two'] }),
          script('absent', 'no-such-program'),
        ],
      }),
      workflowRun('exit', 'exit'),
    );
    const run = await scenario.ended('exit');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'TaskFailed' });
    expect(conditionOf(run, 'Stalled').status).toBe('True');
    expect(rowOf(run, 'two')).toMatchObject({ phase: 'Failed', reason: 'ExitCode', exitCode: 2, attempt: 0 });
    expect(rowOf(run, 'one')).toMatchObject({
      phase: 'Failed',
      reason: 'ExitCode',
      exitCode: 1,
      attempt: 1,
      retries: 1,
    });
    expect(rowOf(run, 'absent')).toMatchObject({ exitCode: 127, message: expect.stringContaining('not found') });
    expect(rowOf(run, 'after')).toMatchObject({ phase: 'Skipped', reason: 'NeedFailed' });
    expect(run.status?.failures).toEqual([{ reason: 'ExitCode', count: 3 }]);
  });

  it.concurrent('blames running out of memory on the user and names the remedy', async ({ scenario }) => {
    // The runtime hears of a lack of memory and of the end that it brings by two ways, and now and then tells only the end.
    const retry = { limit: 3, when: "reason != 'OOMKilled'" };
    const limits = { memory: '16Mi' };
    await scenario.given(
      workflow('greedy', { tasks: [script('greedy', 'tail /dev/zero', { retry, resources: { limits } })] }),
      workflowRun('greedy', 'greedy'),
    );
    const row = rowOf(await scenario.ended('greedy'), 'greedy');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'OOMKilled' });
    expect(row.attempt).toBe(row.retries ?? 0);
    expect(row.message).toContain('raise resources.limits.memory');
  });

  it.concurrent(
    'waits for an image that cannot be pulled, says so, and gives up after pendingTimeout',
    FULL,
    async ({ scenario }) => {
      const image = 'localhost:1/no/such-image:1';
      await scenario.given(
        workflow('imageless', {
          tasks: [script('imageless', 'true', { image, pendingTimeout: '60s' })],
        }),
        workflowRun('imageless', 'imageless'),
      );
      const waiting = await scenario.taskIs('imageless', 'imageless', 'waits', ({ reason }) => reason === 'ImagePull');
      expect(waiting).toMatchObject({ phase: 'Pending', message: expect.stringContaining(image) });
      const row = rowOf(await scenario.ended('imageless'), 'imageless');
      expect(row).toMatchObject({ phase: 'Failed', reason: 'PendingTimeout', attempt: 0 });
      expect(row.message).toMatch(/60s.*ImagePull/);
    },
  );

  it.concurrent(
    'waits for a node that can take the pod, says so, and gives up after pendingTimeout',
    FULL,
    async ({ scenario }) => {
      await scenario.given(
        workflow('homeless', {
          defaults: { pendingTimeout: '25s' },
          tasks: [script('homeless', 'true', { nodeSelector: { planet: 'mars' } })],
        }),
        workflowRun('homeless', 'homeless'),
      );
      const waiting = await scenario.taskIs(
        'homeless',
        'homeless',
        'waits',
        ({ reason }) => reason === 'Unschedulable',
      );
      expect(waiting).toMatchObject({ phase: 'Pending', message: expect.stringContaining('node affinity/selector') });
      const row = rowOf(await scenario.ended('homeless'), 'homeless');
      expect(row).toMatchObject({ phase: 'Failed', reason: 'PendingTimeout' });
      expect(row.message).toMatch(/25s.*Unschedulable/);
    },
  );

  it.concurrent('says why the run failed, however many that may fail did so before', async ({ scenario }) => {
    const noise = { forEach: { sequence: { from: 1, to: 60 } }, compute: { never: '1 / (item - item)' } };
    await scenario.given(
      workflow('loud', {
        tasks: [{ name: 'noise', ...noise, onFailure: 'Continue' }, script('deploy', 'exit 7', { needs: ['noise'] })],
      }),
      workflowRun('loud', 'loud'),
    );
    const run = await scenario.ended('loud');
    const why = { reason: 'TaskFailed', message: expect.stringMatching(/^task deploy: ExitCode: .*7/) };
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', ...why });
    expect(conditionOf(run, 'Complete')).toMatchObject({ status: 'True', ...why });
    expect(rowOf(run, 'deploy')).toMatchObject({ exitCode: 7, message: expect.stringContaining('7') });
    expect(run.status?.counts).toMatchObject({ failed: 61, succeeded: 0 });
    expect(run.status?.progress).toBe('0/61, 61 failed');
  });

  it.concurrent('refuses outputs that a node may have cut, and outputs that are not what was declared', async ({
    scenario,
  }) => {
    const outputs = [
      { name: 'text', optional: true },
      { name: 'size', type: 'Integer' as const, optional: true },
    ];
    const fill = (bytes: number) =>
      `head -c ${bytes - 'text='.length} /dev/zero | tr '\\0' x | sed 's/^/text=/' > $ADO_OUTPUTS`;
    await scenario.given(
      workflow('outputs', {
        tasks: [
          script('fits', fill(4095), { outputs }),
          script('edge', fill(4096), { outputs }),
          script('large', fill(50_000), { outputs }),
          script('undeclared', 'echo other=1 > $ADO_OUTPUTS', { outputs }),
          script('mistyped', 'echo size=many > $ADO_OUTPUTS', { outputs }),
          script('garbage', 'echo nothing > $ADO_OUTPUTS', { outputs }),
          script('json', `echo '{"text": "a", "size": 3}' > $ADO_OUTPUTS`, { outputs }),
          script('failed', 'echo nothing > $ADO_OUTPUTS; exit 4', { outputs }),
        ],
      }),
      workflowRun('outputs', 'outputs'),
    );
    const run = await scenario.ended('outputs');
    const ends = run.status?.tasks?.map(({ path, phase, reason }) => [path, reason ?? phase]);
    expect(Object.fromEntries(ends ?? [])).toEqual({
      fits: 'Succeeded',
      edge: 'OutputsTooLarge',
      large: 'OutputsTooLarge',
      undeclared: 'OutputsInvalid',
      mistyped: 'OutputsInvalid',
      garbage: 'OutputsInvalid',
      json: 'Succeeded',
      failed: 'ExitCode',
    });
    expect(rowOf(run, 'undeclared').message).toContain('other');
    expect(rowOf(run, 'mistyped').message).toContain('size');
  });
});
