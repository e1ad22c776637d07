import type { PodMetadata, PodSurface, RenderedTask, SecurityContext, Task, TaskDefaults } from '../api/index.ts';

type Named = Record<string, unknown>;

const merged = <T extends object>(below: T | undefined, above: T | undefined): T | undefined =>
  below || above ? ({ ...below, ...above } as T) : undefined;

/** Both lists; an entry of `above` replaces the entry of `below` with the same key. */
function joined(key: string, below: readonly Named[] = [], above: readonly Named[] = []): Named[] {
  const kept = below.filter((entry) => !above.some((other) => other[key] === entry[key]));
  return [...kept, ...above];
}

function mergedResources(below: PodSurface['resources'], above: PodSurface['resources']): PodSurface['resources'] {
  if (!below || !above) return above ?? below;
  const limits = merged(below.limits, above.limits);
  const requests = merged(below.requests, above.requests);
  return { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) };
}

function mergedMetadata(below: PodMetadata | undefined, above: PodMetadata | undefined): PodMetadata | undefined {
  if (!below || !above) return above ?? below;
  const annotations = merged(below.annotations, above.annotations);
  const labels = merged(below.labels, above.labels);
  return { ...(annotations ? { annotations } : {}), ...(labels ? { labels } : {}) };
}

/**
 * The pod surface of a task over that of `defaults`: maps merge by key, volumes and mounts by name and path, every
 * other field of the task replaces the default.
 */
export function mergeSurface(defaults: TaskDefaults | undefined, task: Task): PodSurface {
  const securityContext = merged<SecurityContext>(defaults?.securityContext, task.securityContext);
  const resources = mergedResources(defaults?.resources, task.resources);
  const nodeSelector = merged(defaults?.nodeSelector, task.nodeSelector);
  const envValueFrom = merged(defaults?.envValueFrom, task.envValueFrom);
  const podMetadata = mergedMetadata(defaults?.podMetadata, task.podMetadata);
  return {
    ...defaults,
    ...task,
    ...(podMetadata ? { podMetadata } : {}),
    ...(securityContext ? { securityContext } : {}),
    ...(resources ? { resources } : {}),
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(envValueFrom ? { envValueFrom } : {}),
    volumes: joined('name', defaults?.volumes, task.volumes),
    volumeMounts: joined('mountPath', defaults?.volumeMounts, task.volumeMounts),
  };
}

/**
 * The environment of the container, references first. A name has one source: the task's over the defaults', within
 * one of them the reference over the literal, and `own` over all.
 */
export function containerEnv(
  task: Task,
  defaults: TaskDefaults | undefined,
  { env, secretEnv = {} }: Pick<RenderedTask, 'env' | 'secretEnv'>,
  own: Readonly<Record<string, string>>,
): Named[] {
  const references = { ...defaults?.envValueFrom, ...task.envValueFrom };
  const isReference = (name: string) =>
    !(name in own) && name in references && (name in (task.envValueFrom ?? {}) || !(name in (task.env ?? {})));
  const literals = Object.entries({ ...env, ...own }).filter(([name]) => !isReference(name));
  return [
    ...Object.keys(references)
      .filter(isReference)
      .map((name) => ({ name, valueFrom: references[name] })),
    ...Object.entries(secretEnv)
      .filter(([name]) => !isReference(name) && !(name in own))
      .map(([name, secretKeyRef]) => ({ name, valueFrom: { secretKeyRef } })),
    ...literals.map(([name, value]) => ({ name, value })),
  ];
}
