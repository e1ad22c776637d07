import {
  ANNOTATION_TASK,
  type Definition,
  type Hook,
  ownerOfKey,
  sideOf,
  someOf,
  type Task,
  type TaskDefaults,
  type Undo,
  type Workflow,
} from '../../api/index.ts';
import { canonicalJson, libraryKey } from '../../engine/index.ts';
import { refusalOf } from '../../executors/index.ts';
import { buildPod, type Pod } from '../../pods/index.ts';
import { PODS } from '../../runtime/index.ts';
import type { WorkflowDeps } from './deps.ts';

/** Bound of the dry runs for one definition; tasks of the same shape share one. */
const MAX_SHAPES = 50;
/** Stands for an image that is rendered only when the task starts. */
const UNRENDERED_IMAGE = 'rendered-when-the-task-starts';

/** Refusals that are told in full, and tasks that are named for each of them. */
const MAX_TOLD = 8;
const MAX_PLACES = 5;

/**
 * Has the API server judge the pods of a definition by a dry run, one for each shape: volumes, affinity, Pod Security
 * and whatever else the operator passes on unseen. Returns the refusals as sentences that name the tasks.
 */
export async function checkPods(
  deps: WorkflowDeps,
  workflow: Workflow,
  definition: Definition,
  signal: AbortSignal,
): Promise<string | undefined> {
  const shapes = new Map<string, { places: string[]; pod: Pod }>();
  for (const sample of samplesOf(workflow, definition)) {
    const pod = samplePod(workflow, definition, sample);
    const shape = shapes.get(shapeOf(pod));
    if (shape) shape.places.push(sample.place);
    else shapes.set(shapeOf(pod), { places: [sample.place], pod });
  }
  /** The places by what is said of them: two shapes may be refused for the same reason. */
  const refused = new Map<string, string[]>();
  for (const { places, pod } of [...shapes.values()].slice(0, MAX_SHAPES)) {
    const words = await refusalFor(deps, pod, signal);
    if (words !== undefined) refused.set(words, [...(refused.get(words) ?? []), ...places]);
  }
  return refused.size === 0 ? undefined : told(refused);
}

async function refusalFor({ client }: WorkflowDeps, pod: Pod, signal: AbortSignal): Promise<string | undefined> {
  try {
    await client.create(PODS, pod, { dryRun: true, signal });
    return undefined;
  } catch (error) {
    const { reason, message } = refusalOf(error);
    // The name of the sample differs from task to task, and belongs to no pod that anybody will see.
    return reason === 'Quota' ? undefined : message.replaceAll(` "${pod.metadata.name}"`, '');
  }
}

function told(refused: ReadonlyMap<string, readonly string[]>): string {
  const sentences = [...refused].slice(0, MAX_TOLD).map(([words, places]) => {
    const pods = places.length === 1 ? 'its pod' : 'their pods';
    return `${someOf(places, MAX_PLACES)}: the API server refuses ${pods}: ${words}`;
  });
  const others = [...refused.values()].slice(MAX_TOLD).flat();
  return [...sentences, ...(others.length > 0 ? [`and it refuses ${others.length} more for other reasons`] : [])].join(
    '; ',
  );
}

/** What will have a pod, and the field where it stands. */
interface Sample {
  readonly place: string;
  readonly task: Task;
  readonly defaults: TaskDefaults | undefined;
}

/** All that have a pod: tasks, those of templates, hooks and what undoes tasks. */
function samplesOf(workflow: Workflow, definition: Definition): Sample[] {
  const { tasks, finally: last = [], hooks = [], defaults, library = {} } = definition;
  const ofRun = hooks.map((hook, index) => ({ place: `spec.hooks[${index}]`, task: sideTask('hook', hook), defaults }));
  const templates = Object.entries(library).flatMap(([key, body]) =>
    samplesIn(body.tasks, body.defaults, `${placeOf(workflow, key)}.tasks`),
  );
  const own = [...samplesIn(tasks, defaults, 'spec.tasks'), ...samplesIn(last, defaults, 'spec.finally'), ...ofRun];
  return [...own, ...templates].filter(({ task }) => task.run !== undefined || task.container !== undefined);
}

function samplesIn(tasks: readonly Task[], defaults: TaskDefaults | undefined, path: string): Sample[] {
  return tasks.flatMap((task, index) => {
    const place = `${path}[${index}]`;
    const { name, undo, hooks = [] } = task;
    return [
      { place, task, defaults },
      ...(undo === undefined ? [] : [{ place: `${place}.undo`, task: sideTask(name, undo), defaults }]),
      ...hooks.map((hook, at) => ({ place: `${place}.hooks[${at}]`, task: sideTask(name, hook), defaults })),
    ];
  });
}

function sideTask(name: string, side: Undo | Hook): Task {
  return { ...sideOf(side), name };
}

/** Where the body of a template stands: in the Workflow, or in an object of its own. */
function placeOf({ spec }: Workflow, key: string): string {
  const index = (spec.templates ?? []).findIndex(({ name }) => libraryKey({ kind: 'Local', name }) === key);
  return index < 0 ? `${key.replace(/@$/, '')}: spec` : `spec.templates[${index}]`;
}

function samplePod(workflow: Workflow, definition: Definition, { task, defaults }: Sample): Pod {
  const { name, namespace = '', uid = '' } = workflow.metadata;
  const image = task.container?.image ?? task.image ?? defaults?.image ?? '';
  const rendered = {
    backend: 'Pod' as const,
    image: image.includes('${{') ? UNRENDERED_IMAGE : image,
    env: { ...defaults?.env, ...task.env },
    command: task.container?.command,
    args: task.container?.args,
    script: task.run,
  };
  const run = { name: `${name}-check`, namespace, uid, workflow: name };
  const { workspaces } = definition;
  return buildPod({ run, task, defaults, path: task.name, attempt: 0, rendered, workspaces });
}

/** A pod without what differs from task to task and what the API server takes from anybody. */
function shapeOf(pod: Pod): string {
  const { annotations = {}, labels = {}, ...metadata } = pod.metadata;
  const { [ANNOTATION_TASK]: _task, ...others } = annotations;
  const containers = pod.spec.containers.map(
    ({ command: _command, args: _args, env: _env, ...container }) => container,
  );
  return canonicalJson({
    ...pod,
    metadata: { ...metadata, name: '', labels: setByTask(labels), annotations: others },
    spec: { ...pod.spec, containers },
  });
}

const setByTask = (labels: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => ownerOfKey(key) === undefined));
