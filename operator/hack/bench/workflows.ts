/** The workflows that are measured. Pure. */
import {
  API_VERSION,
  type Task,
  WORKFLOW,
  WORKFLOW_RUN,
  type Workflow,
  type WorkflowRun,
} from '../../src/api/index.ts';

/** The image is never pulled: nodes are simulated, and every pod of theirs runs for a second unless it says otherwise. */
const IMAGE = 'busybox:1.36';

/** a, then b and c, then d. */
export const DIAMOND: readonly Task[] = [
  { name: 'a', run: 'sleep 1' },
  { name: 'b', needs: ['a'], run: 'sleep 1' },
  { name: 'c', needs: ['a'], run: 'sleep 1' },
  { name: 'd', needs: ['b', 'c'], run: 'sleep 1' },
];

/** Tasks that need the one before each. */
export function chainOf(length: number): Task[] {
  return Array.from({ length }, (_, index) => ({
    name: `t${index}`,
    run: 'sleep 1',
    ...(index === 0 ? {} : { needs: [`t${index - 1}`] }),
  }));
}

/** A workflow whose runs are all kept: retention is no part of what is measured. */
export function workflowOf(
  namespace: string,
  name: string,
  tasks: readonly Task[],
  more: Partial<Workflow['spec']> = {},
): Workflow {
  return {
    apiVersion: API_VERSION,
    kind: WORKFLOW.kind,
    metadata: { name, namespace },
    spec: {
      ...more,
      retention: { succeeded: { count: 1000 }, ...more.retention },
      defaults: { image: IMAGE, ...more.defaults },
      tasks: [...tasks],
    },
  };
}

/** A run as a person creates it: it names its workflow and nothing else. */
export function runOf(workflow: Workflow, name: string): WorkflowRun {
  return {
    apiVersion: API_VERSION,
    kind: WORKFLOW_RUN.kind,
    metadata: { name, namespace: workflow.metadata.namespace ?? '' },
    spec: { workflowRef: { name: workflow.metadata.name }, desiredState: 'Running' },
  };
}

/** `prefix-007`: names that sort as they were made. */
export const numbered = (prefix: string, index: number): string => `${prefix}-${String(index).padStart(3, '0')}`;
