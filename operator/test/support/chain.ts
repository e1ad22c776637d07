/** A chain of both sorts: a loop that goes on in a second run, and the whole of that once more with another parameter. */
import { API_VERSION, WORKFLOW_RUN, type WorkflowSpec } from '../../src/api/index.ts';
import type { Scenario } from './case.ts';
import { countTo } from './counting.ts';

const spec: WorkflowSpec = {
  parameters: [{ name: 'turn', type: 'Integer', default: 1 }],
  retention: { chain: { count: 10 } },
  continueAsNew: { afterEvents: 100, when: 'params.turn < 2', with: { turn: '${{ params.turn + 1 }}' } },
  defaults: { image: 'busybox:1.36', env: { SIMULATE_SECONDS: '0.1' }, terminationGracePeriodSeconds: 1 },
  tasks: [
    {
      name: 'count',
      compute: { v: 'iteration' },
      outputs: [{ name: 'v', type: 'Integer' }],
      loop: countTo(130, 'outputs.v'),
    },
    { name: 'last', needs: ['count'], run: 'true', env: { SUM: '${{ tasks.count.outputs.sum }}' } },
  ],
};

export const chain: Scenario = (namespace) => ({
  workflow: { apiVersion: API_VERSION, kind: 'Workflow', metadata: { name: 'flow', namespace }, spec },
  run: {
    apiVersion: API_VERSION,
    kind: WORKFLOW_RUN.kind,
    metadata: { name: 'flow', namespace },
    spec: { workflowRef: { name: 'flow' }, desiredState: 'Running' },
  },
});
