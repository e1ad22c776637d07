import { describe, expect } from 'vitest';
import { decodeEvents } from '../../src/api/index.ts';
import { it, stage, useOperator } from '../support/e2e.ts';
import { IMAGE, script, workflow, workflowRun } from '../support/manifests.ts';
import { conditionOf, rowOf } from '../support/scenario.ts';
import { FULL } from '../support/tier.ts';

useOperator();

/** More than half of any node of ours, so that two of them never fit. */
const MOST = { requests: { cpu: '1200m' } };

const priority = (name: string, value: number) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
});

/** A pod that needs the room of the other, for a few seconds. */
const important = (priorityClassName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'important' },
  spec: {
    priorityClassName,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: IMAGE,
        command: ['sh', '-c', 'sleep 3'],
        resources: MOST,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});

describe('a pod that has to make room for a more important one', () => {
  it('is made again when there is room, at no cost to the retries of the user', FULL, async ({ scenario }) => {
    const [low, high] = [`${scenario.namespace}-low`, `${scenario.namespace}-high`];
    const { kubectl } = stage();
    for (const object of [priority(low, 10), priority(high, 1000)]) await kubectl.run(['create', '-f', '-'], object);
    try {
      const wait = 'trap "exit 143" TERM; test "$ADO_ATTEMPT" -gt 0 || while true; do sleep 0.2; done';
      await scenario.given(
        workflow('preempted', { tasks: [script('victim', wait, { resources: MOST, priorityClassName: low })] }),
        workflowRun('preempted', 'preempted'),
      );
      await scenario.podRuns('victim');
      await scenario.kubectl(['create', '-f', '-'], important(high));
      const run = await scenario.ended('preempted', { timeoutMs: 120_000 });
      expect(conditionOf(run, 'Succeeded').status).toBe('True');
      expect(rowOf(run, 'victim')).toMatchObject({ phase: 'Succeeded', attempt: 1 });
      expect(rowOf(run, 'victim').retries ?? 0).toBe(0);
      const retried = decodeEvents(run.status?.journal?.tail ?? '[]').filter(({ type }) => type === 'Retrying');
      expect(retried).toMatchObject([{ cause: 'Infrastructure', failure: { reason: 'Preempted' } }]);
    } finally {
      await kubectl.run(['delete', 'priorityclass', low, high, '--ignore-not-found']);
    }
  });
});
