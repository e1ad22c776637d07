import type { ResourceAction } from '../../api/index.ts';
import { fieldPath, type Problem, reserved } from './problem.ts';

/** The object of a resource task: that it can be named, before the API server judges the rest of it. */
export function resourceProblems(resource: ResourceAction | undefined, path: string): Problem[] {
  if (resource === undefined) return [];
  const { manifest } = resource;
  const metadata = isObject(manifest.metadata) ? manifest.metadata : {};
  const required = [
    ['apiVersion', manifest.apiVersion],
    ['kind', manifest.kind],
    ['metadata.name', metadata.name],
  ] as const;
  const names = Object.keys(resource.outputs ?? {});
  return [
    ...required
      .filter(([, value]) => typeof value !== 'string' || value === '')
      .map(([field]) => ({
        path: `${path}.manifest.${field}`,
        message: 'an object is applied by its apiVersion, kind and name; give it all three, as texts',
      })),
    ...reserved(names, (index) => fieldPath(`${path}.outputs`, names[index] ?? ''), 'an output'),
  ];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
