import { ANNOTATION_TASK, type Task, type Workflow } from '../../api/index.ts';
import { canonicalJson } from '../../engine/index.ts';
import { refusalOf } from '../../executors/index.ts';
import { buildPod, type Pod } from '../../pods/index.ts';
import { PODS } from '../../runtime/index.ts';
import type { WorkflowDeps } from './deps.ts';

/** Bound of the dry runs for one definition; tasks of the same shape share one. */
const MAX_SHAPES = 50;
/** Stands for an image that is rendered only when the task starts. */
const UNRENDERED_IMAGE = 'rendered-when-the-task-starts';

/**
 * Has the API server judge the pods of a definition by a dry run, one for each shape: volumes, affinity, Pod Security
 * and whatever else the operator passes on unseen. Returns the first refusal as a sentence that names the task.
 */
export async function checkPods(
  deps: WorkflowDeps,
  workflow: Workflow,
  signal: AbortSignal,
): Promise<string | undefined> {
  const shapes = new Map<string, { index: number; pod: Pod }>();
  workflow.spec.tasks.forEach((task, index) => {
    const pod = samplePod(workflow, task);
    shapes.set(shapeOf(pod), { index, pod });
  });
  for (const { index, pod } of [...shapes.values()].slice(0, MAX_SHAPES)) {
    try {
      await deps.client.create(PODS, pod, { dryRun: true, signal });
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal.reason !== 'Quota') return `spec.tasks[${index}]: the API server refuses its pod: ${refusal.message}`;
    }
  }
  return undefined;
}

function samplePod(workflow: Workflow, task: Task): Pod {
  const { name, namespace = '', uid = '' } = workflow.metadata;
  const { defaults } = workflow.spec;
  const image = task.container?.image ?? task.image ?? defaults?.image ?? '';
  const rendered = {
    sort: 'Pod' as const,
    image: image.includes('${{') ? UNRENDERED_IMAGE : image,
    env: { ...defaults?.env, ...task.env },
    command: task.container?.command,
    args: task.container?.args,
    script: task.run,
  };
  const run = { name: `${name}-check`, namespace, uid, workflow: name };
  return buildPod({ run, task, defaults, path: task.name, attempt: 0, rendered });
}

/** A pod without what differs from task to task and what the API server takes from anybody. */
function shapeOf(pod: Pod): string {
  const { annotations = {}, ...metadata } = pod.metadata;
  const { [ANNOTATION_TASK]: _task, ...others } = annotations;
  const containers = pod.spec.containers.map(
    ({ command: _command, args: _args, env: _env, ...container }) => container,
  );
  return canonicalJson({
    ...pod,
    metadata: { ...metadata, name: '', labels: {}, annotations: others },
    spec: { ...pod.spec, containers },
  });
}
