import {
  ANNOTATION_VERSION,
  LABEL_TEMPLATE,
  LABEL_TEMPLATE_KIND,
  type ObjectMeta,
  type TemplateBody,
} from '../../api/index.ts';
import { digestOf, type LibraryKind } from '../../engine/index.ts';
import type { KubeObject } from '../../runtime/index.ts';

/** The index of versions by the template that they are of, by the digest of what they say. */
export const VERSIONS_BY_TEMPLATE = 'template-of';
export const VERSIONS_BY_DIGEST = 'digest';

/**
 * One version of a template, kept as a ControllerRevision. Its digest is computed from its content, never read from the
 * object: what a template has been is found by the digests in its status, so no other object can pass for it.
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

/** @throws TypeError when the object is no version of a template */
export function decodeVersion(object: KubeObject): TemplateVersion {
  const { metadata, data, revision } = object as KubeObject & { data?: TemplateBody; revision?: number };
  const kind = metadata.labels?.[LABEL_TEMPLATE_KIND];
  if (!Array.isArray(data?.tasks) || (kind !== 'WorkflowTemplate' && kind !== 'ClusterWorkflowTemplate')) {
    throw new TypeError(`ControllerRevision ${metadata.name} is no version of a template; take its label off`);
  }
  const version = metadata.annotations?.[ANNOTATION_VERSION] ?? '';
  const { managedFields: _unused, ...meta } = metadata;
  return { metadata: meta, kind, version, digest: digestOfVersion(version, data), body: data, revision: revision ?? 0 };
}
