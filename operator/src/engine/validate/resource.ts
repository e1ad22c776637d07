import { isSystemNamespace, type ReferencePart, type ResourceAction, referenceRemedy } from '../../api/index.ts';
import { fieldPath, type Problem, reserved } from './problem.ts';

/** The object of a resource task: that it can be addressed, before the API server judges the rest of it. */
export function resourceProblems(resource: ResourceAction | undefined, path: string): Problem[] {
  if (resource === undefined) return [];
  const { manifest } = resource;
  const metadata = isObject(manifest.metadata) ? manifest.metadata : {};
  const names = Object.keys(resource.outputs ?? {});
  return [
    ...partProblems('apiVersion', manifest.apiVersion, path),
    ...partProblems('kind', manifest.kind, path),
    ...partProblems('metadata.name', metadata.name, path),
    ...namespaceProblems(metadata.namespace, path),
    ...reserved(names, (index) => fieldPath(`${path}.outputs`, names[index] ?? ''), 'an output'),
  ];
}

/** What has an expression in it is judged when it has a value. */
const hasExpression = (value: unknown) => typeof value === 'string' && value.includes('${{');

function partProblems(part: ReferencePart, value: unknown, path: string): Problem[] {
  const remedy = hasExpression(value) ? undefined : referenceRemedy(part, value);
  if (remedy === undefined) return [];
  const said = value === undefined ? 'is missing' : `cannot be ${JSON.stringify(value).slice(0, 80)}`;
  const message = `an object is identified by apiVersion, kind and name, but ${part} ${said}; ${remedy}`;
  return [{ path: `${path}.manifest.${part}`, message }];
}

function namespaceProblems(namespace: unknown, path: string): Problem[] {
  if (namespace === undefined) return [];
  if (typeof namespace !== 'string' || !isSystemNamespace(namespace)) {
    return partProblems('metadata.namespace', namespace, path);
  }
  const message = `cannot apply to ${namespace.slice(0, 80)}, a Kubernetes system namespace; use another namespace`;
  return [{ path: `${path}.manifest.metadata.namespace`, message }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
