import { asController, type KubeObject, type ObjectRef, type OwnerReference } from '../objects/index.ts';

/** A kind of object as the API server addresses it. `group` is empty for the core group. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface ListMeta {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

export interface KubeList<T> {
  metadata: ListMeta;
  items: T[];
}

const core = (plural: string, kind: string, namespaced = true): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const PODS = core('pods', 'Pod');
export const NAMESPACES = core('namespaces', 'Namespace', false);
export const NODES = core('nodes', 'Node', false);
export const CONFIG_MAPS = core('configmaps', 'ConfigMap');
export const SECRETS = core('secrets', 'Secret');
export const PERSISTENT_VOLUME_CLAIMS = core('persistentvolumeclaims', 'PersistentVolumeClaim');
export const SERVICE_ACCOUNTS = core('serviceaccounts', 'ServiceAccount');
export const CONTROLLER_REVISIONS: ResourceType = {
  group: 'apps',
  version: 'v1',
  plural: 'controllerrevisions',
  kind: 'ControllerRevision',
  namespaced: true,
};
export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const EVENTS: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const CUSTOM_RESOURCE_DEFINITIONS: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const registration = (plural: string, kind: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
export const MUTATING_WEBHOOK_CONFIGURATIONS = registration(
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
);
export const VALIDATING_WEBHOOK_CONFIGURATIONS = registration(
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
);
export const SELF_SUBJECT_REVIEWS: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
};

/** `group/version`, or `version` for the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** `plural.group`, as kubectl and RBAC write it. */
export function resourceName(type: ResourceType): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

/** The longest name that an object can have, and more than any group, version or plural has. */
const MAX_SEGMENT_LENGTH = 253;
/** A name that the API server accepts for an object of some kind: one segment of a path, in which nothing is encoded. */
const SEGMENT = /^[^\s\p{C}/%?#\\]+$/u;

/**
 * Whether a text is one segment of a path, and no more. The API server decodes a path before it takes it apart, so to
 * encode a slash is no help: `a%2Fstatus` is the status of `a`.
 */
export function isPathSegment(text: string): boolean {
  return text.length <= MAX_SEGMENT_LENGTH && SEGMENT.test(text) && text !== '.' && text !== '..';
}

/** A path below the root, of these segments and no others. @throws Error that names the segment which is none */
export function pathOf(...segments: readonly string[]): string {
  const wrong = segments.find((segment) => !isPathSegment(segment));
  if (wrong === undefined) return `/${segments.map(encodeURIComponent).join('/')}`;
  const shown = JSON.stringify(wrong.slice(0, 80));
  throw new Error(
    `${shown} cannot be a part of a path of the API server; a name has 1 to 253 characters and no / or %`,
  );
}

/** Path of a group and version, below which its kinds are. */
export function versionPath({ group, version }: Pick<ResourceType, 'group' | 'version'>): string {
  return group === '' ? pathOf('api', version) : pathOf('apis', group, version);
}

/** Path of the collection, in one namespace or (without one) in the whole cluster. @throws Error like `pathOf` */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const scope = type.namespaced && namespace ? pathOf('namespaces', namespace) : '';
  return `${versionPath(type)}${scope}${pathOf(type.plural)}`;
}

/**
 * Path of one object, or of a subresource of it.
 * @throws Error when the name is empty, or a namespaced kind comes without a namespace: either would address a
 * whole collection; and like `pathOf`
 */
export function objectPath(type: ResourceType, ref: ObjectRef, subresource?: string): string {
  if (ref.name === '') throw new Error(`cannot address ${resourceName(type)}: metadata.name is empty; give a name`);
  if (type.namespaced && !ref.namespace) {
    throw new Error(
      `cannot address ${resourceName(type)} "${ref.name}": metadata.namespace is empty; give a namespace`,
    );
  }
  const path = `${collectionPath(type, ref.namespace)}${pathOf(ref.name)}`;
  return subresource ? `${path}${pathOf(subresource)}` : path;
}

/** The reference that makes `owner` the controller of another object in its namespace. @throws Error without a uid */
export function controllerReference(type: ResourceType, owner: KubeObject): OwnerReference {
  const { name, uid } = owner.metadata;
  if (!uid) throw new Error(`cannot own through ${resourceName(type)} "${name}": metadata.uid is empty; read it first`);
  return asController({ apiVersion: apiVersionOf(type), kind: type.kind, name, uid });
}
