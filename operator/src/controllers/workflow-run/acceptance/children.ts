import { objectKey, type WorkflowRun } from '../../../api/index.ts';
import type { Content } from '../../../definitions/index.ts';
import { insideOf, type KnownBodies } from '../../../engine/index.ts';
import { attemptOf, CHILDREN_BY_RUN_UID } from '../../../executors/index.ts';
import { findRevision } from '../../stores/stores.ts';
import type { RunDeps } from '../deps.ts';

type ChildDeps = Pick<RunDeps, 'stores' | 'identities'>;

/** How deep runs may start others; what would go deeper is not known. */
const MAX_DEPTH = 8;

/**
 * Why the runs that a task of `parent` started of these Workflows do not stand for those that it would start now; nothing
 * if they do. Which definition a child executes is decided when it starts, so it is read from the child. A Workflow that
 * may ask people is run again: an answer to a child is one for that child.
 */
export function childDifference(
  deps: ChildDeps,
  parent: WorkflowRun,
  task: string,
  workflows: ReadonlySet<string>,
  depth = 1,
): string | undefined {
  const children = childrenOf(deps, parent, task);
  for (const workflow of workflows) {
    const why = differenceFrom(deps, workflow, children, depth);
    if (why !== undefined) return why;
  }
  return undefined;
}

function differenceFrom(
  deps: ChildDeps,
  workflow: string,
  children: readonly WorkflowRun[],
  depth: number,
): string | undefined {
  const started = children.filter(({ spec }) => spec.workflowRef.name === workflow);
  const [first] = started;
  const content = first && newestOf(deps, workflow, first.metadata.namespace ?? '');
  if (!content || depth > MAX_DEPTH) return `the definition of its run of ${workflow} is no longer available`;
  const { definition, digest } = content;
  if (started.some(({ status }) => status?.definition?.digest !== digest)) return `Workflow ${workflow} has changed`;
  const { tasks, finally: last = [], hooks = [] } = definition;
  const all = [...tasks, ...last, ...hooks.map((hook) => ({ ...hook, name: '' }))];
  const known: KnownBodies = new Map();
  const inside = all.map((each) => ({ name: each.name, ...insideOf(definition, each, definition.defaults, known) }));
  if (inside.some(({ generates, asks }) => generates || asks))
    return `Workflow ${workflow} may ask for approvals or input`;
  for (const { name, workflows } of inside) {
    for (const child of workflows.size === 0 ? [] : started) {
      const why = childDifference(deps, child, name, workflows, depth + 1);
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

/** The runs that the operator made for attempts of a task, or of what is inside of it. */
function childrenOf({ stores, identities }: ChildDeps, parent: WorkflowRun, task: string): WorkflowRun[] {
  const { namespace = '', uid = '' } = parent.metadata;
  return stores.runs.byIndex(CHILDREN_BY_RUN_UID, uid).filter(({ metadata }) => {
    const attempt = attemptOf(metadata);
    const isOfTask = attempt.path.split(/[[/]/, 1)[0] === task;
    return isOfTask && identities.isProven('WorkflowRun', metadata, { namespace, uid }, attempt);
  });
}

/** What the next run of a Workflow would execute. */
function newestOf({ stores }: ChildDeps, name: string, namespace: string): Content | undefined {
  const workflow = stores.workflows.get(objectKey({ namespace, name }));
  if (!workflow?.status?.definition) return undefined;
  const found = findRevision(stores, namespace, name, workflow.status.definition);
  return 'reason' in found ? undefined : found.content;
}
