import {
  ANNOTATION_VERSION,
  LABEL_TEMPLATE,
  LABEL_TEMPLATE_KIND,
  type ObjectMeta,
  type TemplateBody,
  type WorkflowTemplate,
} from '../api/index.ts';
import { canonicalJson, digestOf, digestText, type LibraryKind } from '../engine/index.ts';
import type { KubeObject } from '../runtime/index.ts';
import { isOwnedBy } from './revision.ts';

/** The index of versions by their template. */
export const VERSIONS_BY_TEMPLATE = 'template-of';

/**
 * One version of a template, stored as a ControllerRevision. Its digest is computed from its content, never read from
 * the object. The status of a template lists the digests of its versions, so no other object can replace one. Callers
 * compare the owner with the uid of the template.
 */
export interface TemplateVersion {
  readonly metadata: ObjectMeta;
  readonly kind: LibraryKind;
  readonly version: string;
  readonly digest: string;
  readonly body: TemplateBody;
  /** Increases with each version. */
  readonly revision: number;
}

/** Digest of a version and its content. */
export function digestOfVersion(version: string, body: TemplateBody): string {
  return digestOf({ version, body });
}

/** Name of the ControllerRevision of a version. Names of templates have at most 63 characters. */
export function versionName(kind: LibraryKind, name: string, digest: string): string {
  const prefix = kind === 'WorkflowTemplate' ? 'template' : 'cluster-template';
  return `${prefix}-${name}-${digest.slice(0, 12)}`;
}

/** The `templateKey` of the template of a version. */
export function templateOf({ kind, metadata }: TemplateVersion): string {
  const name = metadata.labels?.[LABEL_TEMPLATE] ?? '';
  return kind === 'WorkflowTemplate' ? `${kind}/${metadata.namespace ?? ''}/${name}` : `${kind}//${name}`;
}

/**
 * @param ownNamespace namespace of the operator, the only one with versions of ClusterWorkflowTemplates
 * @throws TypeError when the object is not a version of a template
 */
export function decodeVersion(object: KubeObject, ownNamespace: string): TemplateVersion {
  const { metadata, data, revision } = object as KubeObject & { data?: TemplateBody; revision?: number };
  const kind = metadata.labels?.[LABEL_TEMPLATE_KIND];
  if (!Array.isArray(data?.tasks) || (kind !== 'WorkflowTemplate' && kind !== 'ClusterWorkflowTemplate')) {
    throw new TypeError(
      `ControllerRevision ${metadata.name} is not a version of a template; remove its label ${LABEL_TEMPLATE}`,
    );
  }
  const version = metadata.annotations?.[ANNOTATION_VERSION] ?? '';
  const text = canonicalJson({ version, body: data });
  const digest = digestText(text);
  const name = versionName(kind, metadata.labels?.[LABEL_TEMPLATE] ?? '', digest);
  if (metadata.name !== name) {
    throw new TypeError(`ControllerRevision ${metadata.name} contains the content of ${name}; delete it`);
  }
  if (kind === 'ClusterWorkflowTemplate' && metadata.namespace !== ownNamespace) {
    throw new TypeError(`ControllerRevision ${name}: only ${ownNamespace} has versions of ${kind}s; delete it`);
  }
  const { managedFields: _unused, ...meta } = metadata;
  // Keeps the parsed digest input: in JSON, 1e400 and null are equal.
  const { body } = JSON.parse(text) as { body: TemplateBody };
  return { metadata: meta, kind, version, digest, body, revision: revision ?? 0 };
}

/** Whether a version belongs to this template, and not to a deleted one of the same name. */
export function isVersionOf({ metadata, kind }: TemplateVersion, template: ObjectMeta): boolean {
  return template.uid !== undefined && isOwnedBy(metadata, kind, template.name, template.uid);
}

/** The message for a version that exists with other content. */
export function reusedMessage({ spec }: WorkflowTemplate): string {
  const now = 'workflows keep the original content';
  return `spec.version: version ${spec.version} exists with other content, and ${now}; raise spec.version`;
}
