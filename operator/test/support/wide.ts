/**
 * What the diamond does not write: a run made by hand, pages of history, and pods that are deleted once they are read.
 * The items put out so much that their results alone fill a page.
 */
import { API_VERSION, type WorkflowSpec } from '../../src/api/index.ts';
import type { Scenario } from './case.ts';

const ITEMS = 12;
/** Bytes that each item puts out; twelve of them are more than a page holds. */
const BYTES = 1_000;

const spec: WorkflowSpec = {
  retention: { pods: 'Delete' },
  defaults: { image: 'busybox:1.36', env: { SIMULATE_SECONDS: '0.1' } },
  tasks: [
    {
      name: 'items',
      forEach: { items: Array.from({ length: ITEMS }, (_, index) => index), parallelism: 6 },
      env: { SIMULATE_OUTPUTS: `text=${'x'.repeat(BYTES)}` },
      run: 'echo "${SIMULATE_OUTPUTS}" > "$ADO_OUTPUTS"',
      outputs: [{ name: 'text', type: 'String' }],
    },
    { name: 'last', needs: ['items'], run: 'true' },
  ],
};

export const wide: Scenario = (namespace) => ({
  workflow: { apiVersion: API_VERSION, kind: 'Workflow', metadata: { name: 'wide', namespace }, spec },
  run: {
    apiVersion: API_VERSION,
    kind: 'WorkflowRun',
    metadata: { name: 'by-hand', namespace },
    spec: { workflowRef: { name: 'wide' }, desiredState: 'Running' },
  },
});
