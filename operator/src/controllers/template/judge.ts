import {
  ANNOTATION_DIGEST,
  ANNOTATION_VERSION,
  LABEL_TEMPLATE,
  LABEL_TEMPLATE_KIND,
  type ObjectMeta,
  type TemplateBody,
  type WorkflowTemplate,
} from '../../api/index.ts';
import {
  decodeVersion,
  digestOfVersion,
  findTemplates,
  isVersionOf,
  type Judgement,
  ownerText,
  refused,
  refusedBy,
  refusedForTemplates,
  reusedMessage,
  versionName,
  versionsOf,
  withItself,
} from '../../definitions/index.ts';
import { bodyOf, resolveLibrary } from '../../engine/index.ts';
import { CONTROLLER_REVISIONS, controllerReference, isAlreadyExists, type KubeObject } from '../../runtime/index.ts';
import type { TemplateDeps } from './deps.ts';

/** Validates a template, and pins its version. What the status names was validated, and keeps its content. */
export async function judgeTemplate(
  deps: TemplateDeps,
  template: WorkflowTemplate,
  signal: AbortSignal,
): Promise<Judgement> {
  const { kind } = deps.reach;
  const { name } = template.metadata;
  const body = bodyOf(template.spec);
  const digest = digestOfVersion(template.spec.version, body);
  const revision = versionName(kind, name, digest);
  if (isReused(template, digest)) return { refusal: refused('VersionReused', reusedMessage(template)), retry: false };
  const isPinned = versionsOf(deps.stores, kind, template.metadata).some((version) => version.digest === digest);
  if (isPinned && isJudged(template, digest)) return { definition: { digest, revision } };
  const find = withItself(findTemplates(deps.stores, template.metadata.namespace), kind, template, body);
  const resolved = resolveLibrary(body, find, kind);
  if ('problems' in resolved) return { refusal: refusedForTemplates(resolved.problems), retry: false };
  const verdict = await deps.judging.template(body, kind, find);
  if (verdict.problems.length > 0) return refusedBy(verdict);
  const squatter = isPinned ? undefined : await pin(deps, template, { body, digest, revision }, signal);
  if (squatter !== undefined) return { refusal: refused('RevisionForged', squatter), retry: true };
  return { definition: { digest, revision } };
}

/** Only the status says what a version was: anybody can make a revision that fits. */
function isReused({ spec, status }: WorkflowTemplate, digest: string): boolean {
  return status?.versions?.some((each) => each.version === spec.version && each.digest !== digest) ?? false;
}

function isJudged({ status }: WorkflowTemplate, digest: string): boolean {
  return status?.definition?.digest === digest || (status?.versions?.some((each) => each.digest === digest) ?? false);
}

interface Content {
  readonly body: TemplateBody;
  readonly digest: string;
  readonly revision: string;
}

/** Pins a version. Returns why it cannot be, if another object has the name. */
async function pin(
  deps: TemplateDeps,
  template: WorkflowTemplate,
  content: Content,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { reach, client } = deps;
  const { name, generation = 1 } = template.metadata;
  const object: KubeObject & { revision: number; data: TemplateBody } = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: content.revision,
      namespace: reach.namespaceOf(template),
      labels: { [LABEL_TEMPLATE]: name, [LABEL_TEMPLATE_KIND]: reach.kind },
      annotations: { [ANNOTATION_DIGEST]: content.digest, [ANNOTATION_VERSION]: template.spec.version },
      ownerReferences: [controllerReference(reach.type, template)],
    },
    revision: generation,
    data: content.body,
  };
  try {
    await client.create(CONTROLLER_REVISIONS, object, { signal });
    return undefined;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await client.get<KubeObject>(CONTROLLER_REVISIONS, object.metadata, { signal });
    return squatterText(existing, template.metadata, object.metadata.namespace ?? '');
  }
}

/** What is wrong with an object that has the name of a version, and the remedy; nothing if it is that version. */
function squatterText(existing: KubeObject, template: ObjectMeta, namespace: string): string | undefined {
  const { name } = existing.metadata;
  const remedy = `delete it (kubectl delete controllerrevision ${name} -n ${namespace}) to pin the version`;
  const what = `ControllerRevision ${namespace}/${name} is not a version of the template ${template.name}`;
  try {
    if (isVersionOf(decodeVersion(existing, namespace), template)) return undefined;
  } catch {
    return `${what}: its name does not match its content; ${remedy}`;
  }
  const owner = ownerText(existing.metadata);
  return `${what}: its owner is ${owner}; if left over from a deleted template, it is garbage-collected; ${remedy}`;
}
