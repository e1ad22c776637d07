import { ANNOTATION_DIGEST, type Definition, LABEL_WORKFLOW, type Workflow } from '../../api/index.ts';
import {
  decodeRevision,
  findTemplates,
  type Judgement,
  misfitOf,
  type RevisionObject,
  refused,
  refusedBy,
  refusedForTemplates,
  revisionName,
} from '../../definitions/index.ts';
import { digestOf, resolveLibrary } from '../../engine/index.ts';
import { CONTROLLER_REVISIONS, controllerReference, isAlreadyExists } from '../../runtime/index.ts';
import { WORKFLOWS } from '../resources.ts';
import { findRevision } from '../stores/stores.ts';
import type { WorkflowDeps } from './deps.ts';
import { type KnownDefinitions, noting } from './known-definitions.ts';
import { checkPods } from './pod-check.ts';

type JudgeDeps = WorkflowDeps & { readonly known: KnownDefinitions };

/**
 * Finds the templates, validates, checks the pods with the API server, and pins what is valid. A definition that is
 * pinned was checked.
 */
export async function judge(deps: JudgeDeps, workflow: Workflow, signal: AbortSignal): Promise<Judgement> {
  const { name, namespace = '' } = workflow.metadata;
  const { find, found } = noting(findTemplates(deps.stores, namespace));
  const known = knownOf(deps, workflow);
  if (known) return { definition: known };
  const resolved = resolveLibrary(workflow.spec, find);
  if ('problems' in resolved) return { refusal: refusedForTemplates(resolved.problems), retry: false };
  const { definition } = resolved;
  const digest = digestOf(definition);
  const revision = revisionName(name, digest);
  const pinned = findRevision(deps.stores, namespace, name, { digest, revision });
  const isPinned = !('reason' in pinned);
  // Anybody can make a revision that fits; that it was judged, only the status says.
  const isJudged = isPinned && workflow.status?.definition?.digest === digest;
  const { judging } = deps;
  const verdict = await (isJudged ? judging.outer(workflow.spec) : judging.workflow(workflow.spec, find));
  if (verdict.problems.length > 0) return refusedBy(verdict);
  if (isJudged) {
    deps.known.note(workflow, digest, found);
    return { definition: { digest, revision } };
  }
  if (!isPinned && pinned.reason === 'RevisionForged') return squatted(pinned.message);
  const refusal = await checkPods(deps, workflow, definition, signal);
  if (refusal) return { refusal: refused('PodRefused', refusal), retry: true };
  const squatter = isPinned ? undefined : await pin(deps, workflow, { definition, digest, revision }, signal);
  return squatter === undefined ? { definition: { digest, revision } } : squatted(squatter);
}

/** The definition that was found valid before, if it is still pinned, and neither the spec nor a template has changed. */
function knownOf({ known, stores }: JudgeDeps, workflow: Workflow): Noted | undefined {
  const { name, namespace = '' } = workflow.metadata;
  const digest = known.digestOf(workflow, findTemplates(stores, namespace));
  if (digest === undefined || workflow.status?.definition?.digest !== digest) return undefined;
  const noted = { digest, revision: revisionName(name, digest) };
  return 'reason' in findRevision(stores, namespace, name, noted) ? undefined : noted;
}

type Noted = Pick<Content, 'digest' | 'revision'>;

interface Content {
  readonly definition: Definition;
  readonly digest: string;
  readonly revision: string;
}

/** Another object has the name. It is named, and runs nothing; when it is gone, the definition is pinned. */
const squatted = (message: string): Judgement => ({ refusal: refused('RevisionForged', message), retry: true });

/** Pins a definition. Returns why it cannot be, if another object has the name. */
async function pin(
  deps: WorkflowDeps,
  workflow: Workflow,
  content: Content,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name, namespace = '', uid, generation = 1 } = workflow.metadata;
  const { definition, digest, revision } = content;
  const object: RevisionObject = {
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
    return undefined;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await deps.client.get<RevisionObject>(CONTROLLER_REVISIONS, object.metadata, { signal });
    return misfitOf(decodeRevision(existing), { namespace, workflow: name, uid, digest });
  }
}
