/** What the diamond has none of: a template with a loop and a fan-out, a failure, and what follows it: undo and finally. */
import { API_VERSION, type WorkflowSpec } from '../../src/api/index.ts';
import type { Scenario } from './case.ts';

const defaults = {
  image: 'busybox:1.36',
  env: { SIMULATE_SECONDS: '0.1' },
  terminationGracePeriodSeconds: 1,
};

const spec: WorkflowSpec = {
  triggers: { onChange: { of: ['Tasks'] } },
  defaults,
  compensate: ['Failed'],
  templates: [
    {
      name: 'ship',
      defaults,
      tasks: [
        { name: 'poll', run: 'true', loop: { while: 'iteration < 2' } },
        { name: 'each', needs: ['poll'], run: 'true', forEach: { items: ['x', 'y'], parallelism: 1 } },
      ],
    },
  ],
  tasks: [
    { name: 'a', run: 'true', undo: { run: 'true' } },
    { name: 'ship', needs: ['a'], template: { name: 'ship' } },
    { name: 'broken', needs: ['ship'], env: { SIMULATE_FAIL_ATTEMPTS: '9' }, run: 'false' },
  ],
  finally: [{ name: 'last', run: 'true' }],
};

export const controlFlow: Scenario = (namespace) => ({
  workflow: { apiVersion: API_VERSION, kind: 'Workflow', metadata: { name: 'flow', namespace }, spec },
});
