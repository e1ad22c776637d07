import { ANNOTATION_DIGEST, type Definition, LABEL_WORKFLOW, type Workflow } from '../../api/index.ts';
import { digestOf, resolveLibrary } from '../../engine/index.ts';
import { CONTROLLER_REVISIONS, controllerReference, isAlreadyExists, TerminalError } from '../../runtime/index.ts';
import { type Judgement, refused, refusedBy, refusedForTemplates } from '../judgement.ts';
import { WORKFLOWS } from '../resources.ts';
import { type Revision, revisionName } from '../revision.ts';
import { findRevision } from '../stores.ts';
import { findTemplates } from '../template/find.ts';
import type { WorkflowDeps } from './deps.ts';
import { checkPods } from './pod-check.ts';

/**
 * Finds the templates, validates, checks the pods with the API server, and pins what is valid. A definition that is
 * pinned was checked.
 */
export async function judge(deps: WorkflowDeps, workflow: Workflow, signal: AbortSignal): Promise<Judgement> {
  const { name, namespace = '' } = workflow.metadata;
  const find = findTemplates(deps.stores, namespace);
  const resolved = resolveLibrary(workflow.spec, find);
  if ('problems' in resolved) return { refusal: refusedForTemplates(resolved.problems), retry: false };
  const { definition } = resolved;
  const digest = digestOf(definition);
  const revision = revisionName(name, digest);
  const isPinned = findRevision(deps.stores, namespace, revision, digest) !== undefined;
  const { judging } = deps;
  const verdict = await (isPinned ? judging.outer(workflow.spec) : judging.workflow(workflow.spec, find));
  if (verdict.problems.length > 0) return refusedBy(verdict);
  if (isPinned) return { definition: { digest, revision } };
  const refusal = await checkPods(deps, workflow, definition, signal);
  if (refusal) return { refusal: refused('PodRefused', refusal), retry: true };
  await pin(deps, workflow, { definition, digest, revision }, signal);
  return { definition: { digest, revision } };
}

interface Content {
  readonly definition: Definition;
  readonly digest: string;
  readonly revision: string;
}

async function pin(deps: WorkflowDeps, workflow: Workflow, content: Content, signal: AbortSignal): Promise<void> {
  const { name, namespace = '', generation = 1 } = workflow.metadata;
  const { definition, digest, revision } = content;
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
    data: definition,
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
