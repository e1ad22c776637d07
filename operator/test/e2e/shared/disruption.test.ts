import { describe, expect } from 'vitest';
import { it, useSharedOperator } from '../../support/e2e.ts';
import { script, workflow, workflowRun } from '../../support/manifests.ts';
import { conditionOf, rowOf, type Scenario } from '../../support/scenario.ts';
import { FULL } from '../../support/tier.ts';

useSharedOperator();

/** A task whose first attempt waits to be disrupted, and whose next one succeeds. It has no retries of the user's. */
async function givenVictim(scenario: Scenario, exitCode = 143): Promise<string> {
  const wait = 'test "$ADO_ATTEMPT" -gt 0 || while true; do sleep 0.2; done';
  const victim = script('victim', `trap "exit ${exitCode}" TERM; ${wait}`);
  await scenario.given(workflow('disrupted', { tasks: [victim] }), workflowRun('disrupted', 'disrupted'));
  const pod = await scenario.podRuns('victim');
  return pod.metadata.name;
}

/** Asks for the end of a pod as `kubectl drain` does. */
async function evict(scenario: Scenario, pod: string): Promise<void> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod } };
  const path = `/api/v1/namespaces/${scenario.namespace}/pods/${pod}/eviction`;
  await scenario.kubectl(['create', '--raw', path, '-f', '-'], eviction);
}

/** The run succeeds by a second pod, and the history blames the infrastructure for the first. */
async function expectRecovery(scenario: Scenario, reason: string): Promise<void> {
  const run = await scenario.ended('disrupted');
  expect(conditionOf(run, 'Succeeded')).toMatchObject({ status: 'True' });
  const row = rowOf(run, 'victim');
  expect(row).toMatchObject({ phase: 'Succeeded', attempt: 1 });
  expect(row.retries ?? 0).toBe(0);
  const retrying = JSON.parse(run.status?.journal?.tail ?? '[]').filter(([code]: [string]) => code === 'R');
  expect(retrying).toHaveLength(1);
  const [, , path, cause, , failure] = retrying[0];
  expect([path, cause, failure]).toEqual(['victim', 'Infrastructure', expect.objectContaining({ reason })]);
}

describe('a pod that somebody ends', () => {
  it.concurrent('is made again when it was deleted, at no cost to the retries of the user', async ({ scenario }) => {
    const pod = await givenVictim(scenario);
    await scenario.kubectl(['delete', 'pod', pod, '--wait=false']);
    await expectRecovery(scenario, 'PodDeleted');
  });

  it.concurrent('is made again when it was deleted by force', FULL, async ({ scenario }) => {
    const pod = await givenVictim(scenario);
    await scenario.kubectl(['delete', 'pod', pod, '--wait=false', '--force', '--grace-period=0']);
    await expectRecovery(scenario, 'PodDeleted');
  });

  it.concurrent('is made again when it disappeared without a trace', FULL, async ({ scenario }) => {
    const pod = await givenVictim(scenario);
    await scenario.kubectl(['patch', 'pod', pod, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    await scenario.kubectl(['delete', 'pod', pod, '--wait=false', '--force', '--grace-period=0']);
    await expectRecovery(scenario, 'PodLost');
  });

  it.concurrent('is made again when the eviction API ended it', async ({ scenario }) => {
    const pod = await givenVictim(scenario);
    await evict(scenario, pod);
    await expectRecovery(scenario, 'Evicted');
  });

  it.concurrent('is made again when its container answered SIGTERM with exit code 0', async ({ scenario }) => {
    const pod = await givenVictim(scenario, 0);
    await scenario.kubectl(['delete', 'pod', pod, '--wait=false']);
    await expectRecovery(scenario, 'PodDeleted');
  });

  it.concurrent('is made again when its container answered an eviction with exit code 0', async ({ scenario }) => {
    const pod = await givenVictim(scenario, 0);
    await evict(scenario, pod);
    await expectRecovery(scenario, 'Evicted');
  });

  it.concurrent('is not made again when it wrote more than its emptyDir may hold', FULL, async ({ scenario }) => {
    const run = await scenario.ran(
      workflow('writer', {
        tasks: [
          script('writes', 'dd if=/dev/zero of=/scratch/all bs=1M count=8; sleep 600', {
            volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }],
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
          }),
        ],
      }),
    );
    const { reason, attempt, message } = rowOf(run, 'writes');
    expect([reason, attempt]).toEqual(['StorageExceeded', 0]);
    expect(message).toMatch(/raise emptyDir\.sizeLimit of the volume scratch/);
  });

  it.concurrent('keeps its result when it had already succeeded', async ({ scenario }) => {
    await scenario.given(
      workflow('done', {
        tasks: [script('first', 'true'), script('second', 'sleep 3', { needs: ['first'] })],
      }),
      workflowRun('done', 'done'),
    );
    await scenario.podRuns('second');
    const first = await scenario.podOf('first');
    await scenario.kubectl(['delete', 'pod', first.metadata.name, '--wait=false']);
    const run = await scenario.ended('done');
    expect(conditionOf(run, 'Succeeded').status).toBe('True');
    expect(rowOf(run, 'first').attempt).toBe(0);
  });
});
