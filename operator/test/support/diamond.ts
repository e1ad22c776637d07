/** The workflow that is run again and again: a → b, c → d, where b fails once and what a puts out reaches d. */
import { API_VERSION, type WorkflowSpec } from '../../src/api/index.ts';
import type { Expected, Scenario } from './case.ts';

/**
 * The same on simulated and on real nodes: SIMULATE_* are read by the stages of kwok, the script by a real shell.
 * The times of b and c are far enough apart that their ends never meet in one reconcile.
 */
const spec: WorkflowSpec = {
  triggers: { onChange: { of: ['Tasks'] } },
  defaults: { image: 'busybox:1.36', env: { SIMULATE_SECONDS: '0.1' }, terminationGracePeriodSeconds: 1 },
  tasks: [
    {
      name: 'a',
      env: { SIMULATE_OUTPUTS: 'digest=abc' },
      run: 'echo digest=abc > "$ADO_OUTPUTS"',
      outputs: [{ name: 'digest', type: 'String' }],
    },
    {
      name: 'b',
      needs: ['a'],
      env: { SIMULATE_FAIL_ATTEMPTS: '1' },
      run: 'test "$ADO_ATTEMPT" -ge "$SIMULATE_FAIL_ATTEMPTS"',
      retry: { limit: 2, backoff: { duration: '500ms' } },
    },
    { name: 'c', needs: ['a'], env: { SIMULATE_SECONDS: '0.5' }, run: 'sleep 0.5' },
    {
      name: 'd',
      needs: ['b', 'c'],
      when: "tasks.a.outputs.digest == 'abc'",
      env: { DIGEST: '${{ tasks.a.outputs.digest }}' },
      run: 'test "$DIGEST" = abc',
    },
  ],
};

export const diamond: Scenario = (namespace) => ({
  workflow: { apiVersion: API_VERSION, kind: 'Workflow', metadata: { name: 'diamond', namespace }, spec },
});

const succeeded = { phase: 'Succeeded', attempt: 0, retries: 0, infra: 0 };

/** How a run of it ends, with or without faults, on whichever nodes. */
export const DIAMOND_END: Expected = {
  end: {
    runs: 1,
    marks: [1],
    phase: 'Succeeded',
    conditions: ['Succeeded=True Succeeded', 'Complete=True Succeeded', 'Ready=True Succeeded'],
    tasks: {
      a: { ...succeeded, outputs: { digest: 'abc' } },
      b: { ...succeeded, attempt: 1, retries: 1 },
      c: succeeded,
      d: succeeded,
    },
    pods: ['a#0', 'b#0', 'b#1', 'c#0', 'd#0'],
  },
  creates: { 'a#0': 1, 'b#0': 1, 'b#1': 1, 'c#0': 1, 'd#0': 1 },
};
