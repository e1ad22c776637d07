import { ANNOTATION_DIGEST, type ConditionWish, LABEL_WORKFLOW, type Workflow } from '../../api/index.ts';
import { definitionOf, digestOf } from '../../engine/index.ts';
import { type Problem, validateWorkflow } from '../../engine/validate/index.ts';
import { CONTROLLER_REVISIONS, controllerReference, isAlreadyExists, TerminalError } from '../../runtime/index.ts';
import { WORKFLOWS } from '../resources.ts';
import { type Revision, revisionName } from '../revision.ts';
import { findRevision } from '../stores.ts';
import type { WorkflowDeps } from './deps.ts';
import { checkPods } from './pod-check.ts';

/** What a Workflow is worth running: its pinned definition, or the conditions that say why there is none. */
export type Judgement =
  | { readonly definition: { readonly digest: string; readonly revision: string } }
  | { readonly refusal: readonly ConditionWish[]; readonly retry: boolean };

const MAX_PROBLEMS_SHOWN = 5;

/** Validates, checks the pods with the API server, and pins what is valid. A definition that is pinned was checked. */
export async function judge(deps: WorkflowDeps, workflow: Workflow, signal: AbortSignal): Promise<Judgement> {
  const digest = digestOf(definitionOf(workflow.spec));
  const { name, namespace = '' } = workflow.metadata;
  const revision = revisionName(name, digest);
  if (findRevision(deps.stores, namespace, revision, digest)) return { definition: { digest, revision } };
  const problems = validateWorkflow(workflow.spec);
  if (problems.length > 0) return { refusal: refused('InvalidSpec', describe(problems)), retry: false };
  const refusal = await checkPods(deps, workflow, signal);
  if (refusal) return { refusal: refused('PodRefused', refusal), retry: true };
  await pin(deps, workflow, revision, digest, signal);
  return { definition: { digest, revision } };
}

function describe(problems: readonly Problem[]): string {
  const shown = problems.slice(0, MAX_PROBLEMS_SHOWN).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : [];
  return [...shown, ...more].join('\n').slice(0, 2048);
}

function refused(reason: string, message: string): ConditionWish[] {
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  ];
}

async function pin(
  deps: WorkflowDeps,
  workflow: Workflow,
  revision: string,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace = '', generation = 1 } = workflow.metadata;
  const object: Revision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: revision,
      namespace,
      labels: { [LABEL_WORKFLOW]: name },
      annotations: { [ANNOTATION_DIGEST]: digest },
      ownerReferences: [controllerReference(WORKFLOWS, workflow)],
    },
    revision: generation,
    data: definitionOf(workflow.spec),
  };
  try {
    await deps.client.create(CONTROLLER_REVISIONS, object, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await deps.client.get<Revision>(CONTROLLER_REVISIONS, object.metadata, { signal });
    if (existing.metadata.annotations?.[ANNOTATION_DIGEST] === digest) return;
    throw new TerminalError(
      'NameTaken',
      `the ControllerRevision ${revision} exists with another definition; delete it`,
    );
  }
}
