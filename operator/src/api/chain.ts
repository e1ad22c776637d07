import type { WorkflowRun } from './object.ts';

type Link = Pick<WorkflowRun, 'metadata' | 'spec'>;

/** Name of the first run of the chain that a run belongs to; its own, if it continues no other. */
export function rootOf({ metadata, spec }: Link): string {
  return spec.continues?.root ?? metadata.name;
}

/** Which run of its chain a run is; the first is 0. */
export function linkOf({ spec }: Pick<Link, 'spec'>): number {
  return spec.continues?.index ?? 0;
}

/** Name of the run at a place of a chain; the first is the root itself. */
export function linkName(root: string, index: number): string {
  return index === 0 ? root : `${root}-c${index}`;
}

/**
 * Name of the run that continues this one, once it is over. Such a run has not come to a result: its chain goes on, and
 * whoever waits for the end waits for that of the last run of the chain.
 */
export function continuedAs({ status }: Pick<WorkflowRun, 'status'>): string | undefined {
  return status?.chain?.next;
}
