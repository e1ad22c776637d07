import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { type Manifest, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const defaults = { terminationGracePeriodSeconds: 1 };
const SEMAPHORES = { semaphores: [{ name: 'nowhere' }] };

/** A quota that no pod fits, once it is counted. */
async function refusePods(scenario: Scenario): Promise<void> {
  const quota: Manifest = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'no-pods' },
    spec: { hard: { pods: '0' } },
  };
  await scenario.given(quota);
  await scenario.until(
    'the quota is counted',
    async () =>
      (await scenario.kubectl(['get', 'resourcequota', 'no-pods', '-o', 'jsonpath={.status.hard.pods}'])) === '0',
  );
}

describe('a wait that nothing would end', () => {
  it.concurrent('for a quota is ended by pendingTimeout, tried again as retry says, and told', async ({ scenario }) => {
    await refusePods(scenario);
    const retry = { limit: 1, when: "reason == 'PendingTimeout'", backoff: { duration: '1s' } };
    await scenario.given(
      workflow('large', {
        defaults,
        tasks: [
          script('once', 'true', { pendingTimeout: '5s', onFailure: 'Continue' }),
          script('twice', 'true', { pendingTimeout: '5s', retry, onFailure: 'Continue' }),
          script('each', 'true', { pendingTimeout: '5s', forEach: { items: [1, 2, 3] } }),
        ],
      }),
      workflowRun('large', 'large'),
    );
    const run = await scenario.ended('large');
    const once = rowOf(run, 'once');
    expect(once).toMatchObject({ phase: 'Failed', reason: 'PendingTimeout' });
    expect(once.message).toMatch(/^the attempt did not start within its pendingTimeout of 5s; Quota: .*no-pods/);
    expect(rowOf(run, 'twice')).toMatchObject({ phase: 'Failed', reason: 'PendingTimeout', retries: 1 });
    for (const item of ['each[0]', 'each[1]', 'each[2]']) expect(rowOf(run, item).reason).toBe('PendingTimeout');
    expect(await scenario.pods()).toEqual([]);
  });

  it.concurrent('for a Semaphore that is missing is ended by the timeout of the task, which tells it', async ({
    scenario,
  }) => {
    await scenario.given(
      workflow('astray', { defaults, tasks: [script('a', 'true', { ...SEMAPHORES, timeout: '5s' })] }),
      workflowRun('astray', 'astray'),
    );
    const row = rowOf(await scenario.ended('astray'), 'a');
    expect(row).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
    expect(row.message).toMatch(
      /^the task did not end within its timeout of 5 s; it could not start: SemaphoreNotFound: .*create it/,
    );
  });

  it.concurrent('for either is ended by the timeout of the run', FULL, async ({ scenario }) => {
    await refusePods(scenario);
    await scenario.given(
      workflow('poor', { defaults, timeout: '5s', tasks: [script('a', 'true')] }),
      workflow('lost', { defaults, timeout: '5s', tasks: [script('a', 'true', SEMAPHORES)] }),
      workflowRun('poor', 'poor'),
      workflowRun('lost', 'lost'),
    );
    for (const [name, reason] of [
      ['poor', 'Quota'],
      ['lost', 'SemaphoreNotFound'],
    ] as const) {
      const condition = conditionOf(await scenario.ended(name), 'Succeeded');
      expect(condition).toMatchObject({ status: 'False', reason: 'TimedOut' });
      expect(condition.message).toContain(`task a could not start: ${reason}`);
    }
  });
});

describe('an approval that waits', () => {
  it.concurrent('takes no place of the parallelism', FULL, async ({ scenario }) => {
    await scenario.given(
      workflow('patient', {
        defaults,
        parallelism: 1,
        tasks: [{ name: 'ask', approval: { message: 'Go?', expiresAfter: '1h' } }, script('work', 'true')],
      }),
      workflowRun('patient', 'patient'),
    );
    await scenario.taskIs('patient', 'work', 'has ended', ({ phase }) => phase === 'Succeeded');
    expect(rowOf(await scenario.run('patient'), 'ask').reason).toBe('Approval');
    const patch = JSON.stringify({ spec: { desiredState: 'Cancelled' } });
    await scenario.kubectl(['patch', 'awr', 'patient', '--type=merge', '-p', patch]);
    await scenario.ended('patient');
  });
});
