/** The workflows that are measured. Pure. */
import {
  API_VERSION,
  type Task,
  WORKFLOW,
  WORKFLOW_RUN,
  WORKFLOW_TEMPLATE,
  type Workflow,
  type WorkflowRun,
  type WorkflowTemplate,
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

/** A diamond without pods: its runs end as soon as the operator has looked at them. */
export const COMPUTED: readonly Task[] = [
  { name: 'a', compute: { value: "'a'" } },
  { name: 'b', needs: ['a'], compute: { value: "tasks.a.outputs.value + 'b'" } },
  { name: 'c', needs: ['a'], compute: { value: "tasks.a.outputs.value + 'c'" } },
  { name: 'd', needs: ['b', 'c'], compute: { value: 'tasks.b.outputs.value + tasks.c.outputs.value' } },
];

/** A diamond without pods that is in progress until somebody sends the signal, which nobody does. */
export const HELD: readonly Task[] = COMPUTED.map((task) =>
  task.name === 'c' ? { name: 'c', needs: ['a'], waitForSignal: { name: 'go' } } : withoutC(task),
);

function withoutC(task: Task): Task {
  return task.name === 'd' ? { ...task, compute: { value: 'tasks.b.outputs.value' } } : task;
}

/** A workflow of which one run is in progress at a time, without pods. A run with `hold` stays until it is cancelled. */
export const queueOf = (namespace: string, name: string): Workflow =>
  workflowOf(
    namespace,
    name,
    [
      { name: 'held', when: 'params.hold', waitForSignal: { name: 'go' } },
      { name: 'work', compute: { value: "'done'" } },
    ],
    {
      parameters: [
        { name: 'hold', type: 'Boolean', default: false },
        { name: 'queue', default: 'one' },
      ],
      concurrency: { key: 'params.queue', limit: 1 },
    },
  );

/** A template of the size that templates of a library have. */
export const templateOf = (namespace: string, name: string): WorkflowTemplate => ({
  apiVersion: API_VERSION,
  kind: WORKFLOW_TEMPLATE.kind,
  metadata: { name, namespace },
  spec: {
    version: '1.0.0',
    parameters: [{ name: 'target' }, { name: 'replicas', type: 'Integer', default: 3 }],
    defaults: { image: IMAGE, env: { TARGET: '${{ params.target }}' } },
    tasks: [
      { name: 'prepare', run: 'echo "url=https://$TARGET" > "$ADO_OUTPUTS"', outputs: [{ name: 'url' }] },
      {
        name: 'roll-out',
        needs: ['prepare'],
        env: { URL: '${{ tasks.prepare.outputs.url }}', REPLICAS: '${{ params.replicas }}' },
        run: 'echo "$URL $REPLICAS"',
        retry: { limit: 2 },
      },
      { name: 'verify', needs: ['roll-out'], when: 'params.replicas > 0', run: 'true', timeout: '5m' },
    ],
    outputs: [{ name: 'url', value: 'tasks.prepare.outputs.url' }],
  },
});

/** A workflow that uses each of these templates once, in rows of three. */
export const libraryOf = (namespace: string, templates: readonly string[]): Workflow =>
  workflowOf(
    namespace,
    'library',
    templates.map((name, index) => ({
      name,
      template: { name },
      with: { target: `${name}.example.com` },
      ...(index % 3 === 0 ? {} : { needs: [templates[index - 1] ?? ''] }),
    })),
  );

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
