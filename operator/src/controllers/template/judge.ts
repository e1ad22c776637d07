import {
  ANNOTATION_DIGEST,
  ANNOTATION_VERSION,
  LABEL_TEMPLATE,
  LABEL_TEMPLATE_KIND,
  type TemplateBody,
  type WorkflowTemplate,
} from '../../api/index.ts';
import { bodyOf, type FindTemplate, type LibraryKind, resolveLibrary } from '../../engine/index.ts';
import {
  CONTROLLER_REVISIONS,
  controllerReference,
  isAlreadyExists,
  isControlledBy,
  type KubeObject,
  WaitingError,
} from '../../runtime/index.ts';
import { type Judgement, refused, refusedBy, refusedForTemplates } from '../judgement.ts';
import type { TemplateDeps } from './deps.ts';
import { findTemplates } from './find.ts';
import { versionsOf } from './references.ts';
import { digestOfVersion, type TemplateVersion, versionName } from './version.ts';

/** Until the versions of a deleted template of the same name have been collected. */
const COLLECTED_AGAIN_MS = 1000;

/** Validates a template, and pins its version. A version that is pinned was validated, and keeps its content. */
export async function judgeTemplate(
  deps: TemplateDeps,
  template: WorkflowTemplate,
  signal: AbortSignal,
): Promise<Judgement> {
  const { kind } = deps.reach;
  const { name, uid = '' } = template.metadata;
  const body = bodyOf(template.spec);
  const digest = digestOfVersion(template.spec.version, body);
  const revision = versionName(kind, name, digest);
  const own = versionsOf(deps.stores, kind, template.metadata).filter((version) => isControlledBy(version, uid));
  if (isReused(template, own, digest))
    return { refusal: refused('VersionReused', reusedMessage(template)), retry: false };
  if (own.some((version) => version.digest === digest)) return { definition: { digest, revision } };
  const find = withItself(findTemplates(deps.stores, template.metadata.namespace), kind, template, body);
  const resolved = resolveLibrary(body, find, kind);
  if ('problems' in resolved) return { refusal: refusedForTemplates(resolved.problems), retry: false };
  const verdict = await deps.judging.template(body, kind, find);
  if (verdict.problems.length > 0) return refusedBy(verdict);
  await pin(deps, template, { body, digest, revision }, signal);
  return { definition: { digest, revision } };
}

function isReused({ spec, status }: WorkflowTemplate, own: readonly TemplateVersion[], digest: string): boolean {
  const known = [...(status?.versions ?? []), ...own];
  return known.some((each) => each.version === spec.version && each.digest !== digest);
}

/** What to do about a version that exists with other content. */
export function reusedMessage({ spec }: WorkflowTemplate): string {
  const now = 'workflows keep the content that it had first';
  return `spec.version: version ${spec.version} exists with other content, and ${now}; raise spec.version`;
}

/** The template sees itself as it is to be: a circle through itself is one already. */
export function withItself(
  find: FindTemplate,
  ownKind: LibraryKind,
  template: WorkflowTemplate,
  body: TemplateBody,
): FindTemplate {
  const { metadata, spec } = template;
  return (kind, name, version) => {
    const isItself = kind === ownKind && name === metadata.name;
    return isItself && (version === undefined || version === spec.version) ? body : find(kind, name, version);
  };
}

interface Content {
  readonly body: TemplateBody;
  readonly digest: string;
  readonly revision: string;
}

async function pin(
  deps: TemplateDeps,
  template: WorkflowTemplate,
  content: Content,
  signal: AbortSignal,
): Promise<void> {
  const { reach, client } = deps;
  const { name, uid = '', generation = 1 } = template.metadata;
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
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await client.get<KubeObject>(CONTROLLER_REVISIONS, object.metadata, { signal });
    if (isControlledBy(existing, uid)) return;
    const message = `the ControllerRevision ${content.revision} is of another template; waiting until it is gone`;
    throw new WaitingError('NameTaken', message, COLLECTED_AGAIN_MS);
  }
}
