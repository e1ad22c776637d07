import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { IMAGE, script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, eventsOf, phasesOf, rowOf } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

const defaults = { terminationGracePeriodSeconds: 1 };
const backoff = { duration: '200ms', factor: 1 };
/** Waits to be told to stop, and answers with exit code 0. */
const YIELDS = 'trap "exit 0" TERM; while true; do sleep 0.1; done';

describe('a retry', () => {
  it.concurrent('asks its when with the exit code, the reason, the message and the attempt', async ({ scenario }) => {
    const retry = (when: string) => ({ retry: { limit: 3, backoff, when } });
    const run = await scenario.ran(
      workflow('asked', {
        tasks: [
          script('code', '[ "$ADO_ATTEMPT" = 0 ] && exit 75; exit 1', retry('exitCode == 75')),
          script('reason', 'exit 1', retry("reason != 'ExitCode'")),
          script('message', 'exit 127', retry("message.contains('not found')")),
          script('attempt', 'exit 1', retry('attempt < 1')),
          script('broken', 'exit 1', retry('exitCode / (attempt - attempt) == 1')),
        ],
      }),
    );
    const used = (path: string) => [rowOf(run, path).attempt, rowOf(run, path).retries ?? 0, rowOf(run, path).reason];
    expect(used('code')).toEqual([1, 1, 'ExitCode']);
    expect(used('reason')).toEqual([0, 0, 'ExitCode']);
    expect(used('message')).toEqual([3, 3, 'ExitCode']);
    expect(used('attempt')).toEqual([1, 1, 'ExitCode']);
    expect(used('broken')).toEqual([0, 0, 'ExpressionError']);
    expect(rowOf(run, 'broken').message).toMatch(/retry\.when.*ExitCode/);
  });

  it.concurrent('waits longer each time, up to its cap', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('growing', {
        tasks: [
          script('grow', 'exit 1', { retry: { limit: 3, backoff: { duration: '400ms', factor: 3, cap: '2s' } } }),
        ],
      }),
    );
    const waits = eventsOf(run).flatMap((event) => (event.type === 'Retrying' ? [event.wake - event.t] : []));
    expect(waits).toEqual([400, 1200, 2000]);
  });

  it.concurrent('with jitter does not come all at once', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('crowd', {
        tasks: [
          script('crowd', 'test "$ADO_ATTEMPT" = 1', {
            forEach: { sequence: { to: 5 } },
            retry: { limit: 1, backoff: { duration: '2s', jitter: 80 } },
          }),
        ],
      }),
    );
    const waits = eventsOf(run).flatMap((event) => (event.type === 'Retrying' ? [event.wake - event.t] : []));
    expect(waits).toHaveLength(6);
    expect(new Set(waits).size).toBeGreaterThan(3);
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(400);
      expect(wait).toBeLessThanOrEqual(2000);
    }
    expect(run.status?.phase).toBe('Succeeded');
  });
});

describe('a timeout', () => {
  it.concurrent('of an attempt is a failure that may be retried', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('hanging', {
        defaults,
        tasks: [
          script('hangs-once', '[ "$ADO_ATTEMPT" -gt 0 ] || sleep 600', {
            attemptTimeout: '8s',
            retry: { limit: 5, backoff, when: "reason == 'AttemptTimedOut'" },
          }),
          script('hangs', 'sleep 600', { attemptTimeout: '2s' }),
        ],
      }),
    );
    const { phase, attempt, retries = 0 } = rowOf(run, 'hangs-once');
    expect([phase, attempt]).toEqual(['Succeeded', retries]);
    expect(retries).toBeGreaterThan(0);
    expect(rowOf(run, 'hangs')).toMatchObject({ phase: 'Failed', reason: 'AttemptTimedOut', attempt: 0 });
    expect(rowOf(run, 'hangs').message).toContain('2 s');
  });

  it.concurrent('of a task that answers SIGTERM with exit code 0 is no success, and nothing runs after it', async ({
    scenario,
  }) => {
    const run = await scenario.ran(
      workflow('yielding', {
        tasks: [
          script('yields', YIELDS, { timeout: '15s' }),
          script('next', 'true', { needs: ['yields'] }),
          script('again', `test "$ADO_ATTEMPT" -gt 0 || { ${YIELDS}; }`, {
            attemptTimeout: '15s',
            retry: { limit: 5, backoff },
          }),
        ],
      }),
    );
    const { phase, reason, message } = rowOf(run, 'yields');
    expect([phase, reason]).toEqual(['Failed', 'TimedOut']);
    expect(message).toMatch(/timeout of 15 s; it ended successfully/);
    expect(rowOf(run, 'next')).toMatchObject({ phase: 'Skipped', reason: 'NeedFailed' });
    const again = rowOf(run, 'again');
    expect([again.phase, again.attempt]).toEqual(['Succeeded', again.retries]);
    expect(again.retries).toBeGreaterThan(0);
  });

  it.concurrent('of ten items that answer SIGTERM with exit code 0 leaves none that succeeded', async ({
    scenario,
  }) => {
    const run = await scenario.ran(
      workflow('ten', {
        tasks: [
          script('each', YIELDS, { forEach: { sequence: { to: 9 } }, timeout: '20s' }),
          script('next', 'true', { needs: ['each'] }),
        ],
      }),
    );
    const ends = Object.entries(phasesOf(run)).filter(([path]) => path.startsWith('each['));
    expect(ends.map(([, phase]) => phase)).toEqual(Array(10).fill('Failed'));
    expect(phasesOf(run).next).toBe('Skipped');
  });

  it.concurrent('of a pod that cannot start says what it waited for', async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('pending', {
        defaults: { ...defaults, pendingTimeout: '4s' },
        tasks: [script('homeless', 'true', { nodeSelector: { planet: 'mars' } })],
      }),
    );
    expect(rowOf(run, 'homeless')).toMatchObject({ phase: 'Failed', reason: 'PendingTimeout' });
    expect(rowOf(run, 'homeless').message).toMatch(/4s.*Unschedulable/);
  });

  it.concurrent('of a template and of a loop ends all that is inside of them', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('inside', {
        defaults,
        tasks: [
          { name: 'ship', template: { name: 'deploy' }, timeout: '4s' },
          script('poll', 'sleep 1', { loop: { until: 'false', delay: '500ms' }, timeout: '5s' }),
          { name: 'nap', sleep: { duration: '1h' }, timeout: '2s' },
          { name: 'each', template: { name: 'deploy' }, forEach: { items: [1, 2] }, timeout: '4s' },
        ],
        templates: [
          {
            name: 'deploy',
            defaults: { ...defaults, image: IMAGE },
            tasks: [
              script('quick', 'true'),
              script('slow', 'sleep 600', { needs: ['quick'] }),
              script('never', 'true', { needs: ['slow'], runIf: 'Always' }),
            ],
          },
        ],
      }),
    );
    const reasons = Object.fromEntries(run.status?.tasks?.map(({ path, reason }) => [path, reason]) ?? []);
    expect(reasons).toMatchObject({
      ship: 'TimedOut',
      poll: 'TimedOut',
      nap: 'TimedOut',
      'each[0]': 'TimedOut',
      'each[1]': 'TimedOut',
    });
    // The phase of a pod lags behind its containers.
    const running = (await scenario.pods()).filter(({ status }) =>
      status?.containerStatuses?.some((it) => it.state?.running),
    );
    expect(running.map(({ metadata }) => metadata.name)).toEqual([]);
    expect((await scenario.podPaths()).filter((path) => path.endsWith('/never'))).toEqual([]);
    expect(phasesOf(run).nap).toBe('Failed');
  });
});

describe('a run that is cancelled', () => {
  it.concurrent('has no success of a task that answers SIGTERM with exit code 0', async ({ scenario }) => {
    await scenario.given(
      workflow('given-up', { tasks: [script('yields', YIELDS), script('next', 'true', { needs: ['yields'] })] }),
      workflowRun('given-up', 'given-up'),
    );
    await scenario.podRuns('yields');
    const patch = JSON.stringify({ spec: { desiredState: 'Cancelled' } });
    await scenario.kubectl(['patch', 'workflowrun', 'given-up', '--type=merge', '-p', patch]);
    const run = await scenario.ended('given-up');
    expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'False', reason: 'Cancelled' });
    expect(rowOf(run, 'yields')).toMatchObject({ phase: 'Cancelled', reason: 'Cancelled' });
    expect(await scenario.podPaths()).toEqual(['yields']);
  });
});
