/** The kind and the shape of the requested cluster. Pure. */
import type { Shape } from './state.ts';

export interface ClusterOptions {
  /** Name of the cluster; each has its own network, folders and processes. */
  name: string;
  /** A context of the user's kubeconfig; this room never changes or stops that cluster. */
  context?: string;
  /** Number of simulated nodes. */
  kwok?: number;
  /** A real node. Default: yes, unless there are simulated ones. */
  kubelet?: boolean;
}

export type Choice = 'context' | 'kind' | 'embedded';

/**
 * The user's own cluster if they name it, kind if a Docker engine answers, else the embedded cluster. Only the embedded
 * cluster can have simulated nodes.
 */
export function chooseCluster(options: ClusterOptions, dockerEngine: boolean): Choice {
  if (options.context !== undefined) return 'context';
  if ((options.kwok ?? 0) > 0) return 'embedded';
  return dockerEngine ? 'kind' : 'embedded';
}

export function shapeOf(options: ClusterOptions): Shape {
  const simulatedNodes = options.kwok ?? 0;
  return { controllers: true, node: options.kubelet ?? simulatedNodes === 0, simulatedNodes };
}

/** Why a cluster cannot change to another shape; undefined if it can. Simulated nodes can be added. */
export function shapeConflict(existing: Shape, wanted: Shape): string | undefined {
  if (!existing.controllers) return 'is an API server without controllers, for tests';
  if (existing.node && !wanted.node) return 'has a real node';
  if (!existing.node && wanted.node) return 'has no real node';
  if (existing.simulatedNodes > wanted.simulatedNodes) return `has ${existing.simulatedNodes} simulated nodes`;
  return undefined;
}
