import {
  API_VERSION,
  GROUP,
  isSystemNamespace,
  type Json,
  RESOURCE_LABEL_PREFIX,
  type ReferencePart,
  type ResourceAction,
  referenceRemedy,
  WORKFLOW_RUN,
} from '../api/index.ts';
import { taskHash } from '../pods/index.ts';
import type { KubeObject, ObjectRef, ResourceType } from '../runtime/index.ts';
import type { Attempt, Refusal, RunContext } from './executor.ts';

/** What a manifest must say for an object to be applied. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

type Manifest = { readonly [field: string]: Json };

/** Reads who the object of a manifest is, or why it is nobody. `own` is the namespace of the operator. */
export function identityOf(manifest: Manifest, own: string): Identity | Refusal {
  const { apiVersion, kind } = manifest;
  const { name, namespace, generateName } = fieldsOf(manifest.metadata);
  if (!isPart('apiVersion', apiVersion)) return invalid('apiVersion', apiVersion);
  if (!isPart('kind', kind)) return invalid('kind', kind);
  if (typeof generateName === 'string' && generateName !== '') {
    return refused('metadata.generateName', generateName, 'objects are applied by name; set metadata.name');
  }
  if (!isPart('metadata.name', name)) return invalid('metadata.name', name);
  if (namespace === undefined) return { apiVersion, kind, name, namespace };
  if (!isPart('metadata.namespace', namespace)) return invalid('metadata.namespace', namespace);
  if (!isReservedNamespace(namespace, own)) return { apiVersion, kind, name, namespace };
  return refused(
    'metadata.namespace',
    namespace,
    'objects cannot be applied to the namespaces of Kubernetes or of the operator',
  );
}

/** A namespace in which no task applies anything and nobody is acted for, whatever RBAC says. */
export function isReservedNamespace(namespace: string, own: string): boolean {
  return namespace === own || isSystemNamespace(namespace);
}

/** Where the object is: in the namespace of the run, unless it names another one or its kind has none. */
export function refOf({ name, namespace }: Identity, type: ResourceType, run: RunContext): ObjectRef {
  return type.namespaced ? { name, namespace: namespace ?? run.namespace } : { name };
}

/**
 * The object to apply. One that is to be deleted says by labels whose it is, and one that must not outlive its run is
 * owned by it where Kubernetes allows that: in the same namespace.
 */
export function completeObject(
  manifest: Manifest,
  ref: ObjectRef,
  run: RunContext,
  attempt: Attempt,
  deletion: ResourceAction['delete'],
): KubeObject {
  const metadata = { ...fieldsOf(manifest.metadata), ...ref } as KubeObject['metadata'];
  if (deletion === 'OnStop' || deletion === 'Always') {
    metadata.labels = { ...metadata.labels, ...labelsOf(run, attempt) };
  }
  if (deletion === 'Always' && ref.namespace === run.namespace) {
    const { name, uid } = run;
    const owner = { apiVersion: API_VERSION, kind: WORKFLOW_RUN.kind, name, uid };
    metadata.ownerReferences = [...(metadata.ownerReferences ?? []), owner];
  }
  return { ...manifest, metadata };
}

/** Whether the attempt applied the object, and no other attempt of any run has since. */
export function isAppliedBy({ metadata }: KubeObject, run: RunContext, attempt: Attempt): boolean {
  // The operator before this one used its own prefix, which is reserved now.
  return [RESOURCE_LABEL_PREFIX, GROUP].some((prefix) => {
    const labels = Object.entries(labelsOf(run, attempt, prefix));
    return labels.every(([name, value]) => metadata.labels?.[name] === value);
  });
}

const labelsOf = ({ uid }: RunContext, { path, attempt }: Attempt, prefix = RESOURCE_LABEL_PREFIX) => ({
  [`${prefix}/run-uid`]: uid,
  [`${prefix}/task-hash`]: taskHash(path),
  [`${prefix}/attempt`]: String(attempt),
});

const isPart = (part: ReferencePart, value: Json | undefined): value is string =>
  referenceRemedy(part, value) === undefined;

function fieldsOf(value: Json | undefined): Manifest {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

function invalid(part: ReferencePart, value: Json | undefined): Refusal {
  return refused(part, value, referenceRemedy(part, value) ?? '');
}

function refused(field: string, value: Json | undefined, remedy: string): Refusal {
  const said = value === undefined ? 'is missing' : `is ${JSON.stringify(value).slice(0, 80)}`;
  const message = `resource.manifest.${field} ${said}; ${remedy}`;
  return { phase: 'Refused', reason: 'ManifestInvalid', message, retry: false };
}
