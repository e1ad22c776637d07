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

/** The index of versions by the template that they are of. */
export const VERSIONS_BY_TEMPLATE = 'template-of';

/**
 * One version of a template, kept as a ControllerRevision. Its digest is computed from its content, never read from the
 * object: what a template has been is found by the digests in its status, so no other object can pass for it. Whoever
 * reads it compares the owner with the uid of the template.
 */
export interface TemplateVersion {
  readonly metadata: ObjectMeta;
  readonly kind: LibraryKind;
  readonly version: string;
  readonly digest: string;
  readonly body: TemplateBody;
  /** Grows from version to version. */
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

/** The template that a version is of, as `templateKey` names it. */
export function templateOf({ kind, metadata }: TemplateVersion): string {
  const name = metadata.labels?.[LABEL_TEMPLATE] ?? '';
  return kind === 'WorkflowTemplate' ? `${kind}/${metadata.namespace ?? ''}/${name}` : `${kind}//${name}`;
}

/**
 * @param ownNamespace that of the operator, the only one that holds versions of ClusterWorkflowTemplates
 * @throws TypeError when the object is no version of a template
 */
export function decodeVersion(object: KubeObject, ownNamespace: string): TemplateVersion {
  const { metadata, data, revision } = object as KubeObject & { data?: TemplateBody; revision?: number };
  const kind = metadata.labels?.[LABEL_TEMPLATE_KIND];
  if (!Array.isArray(data?.tasks) || (kind !== 'WorkflowTemplate' && kind !== 'ClusterWorkflowTemplate')) {
    throw new TypeError(`ControllerRevision ${metadata.name} is no version of a template; take its label off`);
  }
  const version = metadata.annotations?.[ANNOTATION_VERSION] ?? '';
  const text = canonicalJson({ version, body: data });
  const digest = digestText(text);
  const name = versionName(kind, metadata.labels?.[LABEL_TEMPLATE] ?? '', digest);
  if (metadata.name !== name) {
    throw new TypeError(`ControllerRevision ${metadata.name} holds the content of ${name}; delete it`);
  }
  if (kind === 'ClusterWorkflowTemplate' && metadata.namespace !== ownNamespace) {
    throw new TypeError(`ControllerRevision ${name}: versions of ${kind}s are in ${ownNamespace} alone; delete it`);
  }
  const { managedFields: _unused, ...meta } = metadata;
  // What was digested is what is kept: JSON does not tell 1e400 from null.
  const { body } = JSON.parse(text) as { body: TemplateBody };
  return { metadata: meta, kind, version, digest, body, revision: revision ?? 0 };
}

/** Whether a version belongs to just this template, and not to one of the same name that was deleted. */
export function isVersionOf({ metadata, kind }: TemplateVersion, template: ObjectMeta): boolean {
  return template.uid !== undefined && isOwnedBy(metadata, kind, template.name, template.uid);
}

/** What to do about a version that exists with other content. */
export function reusedMessage({ spec }: WorkflowTemplate): string {
  const now = 'workflows keep the content that it had first';
  return `spec.version: version ${spec.version} exists with other content, and ${now}; raise spec.version`;
}
