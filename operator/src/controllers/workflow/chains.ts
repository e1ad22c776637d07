import { continuedAs, DEFAULT_KEPT_LINKS, linkOf, rootOf, type Workflow, type WorkflowRun } from '../../api/index.ts';

/** A chain, as far as it is still there: the run that stands for it, and those that it has left behind. */
export interface Chain {
  /** The newest run. Its end is the end of the chain. */
  readonly newest: WorkflowRun;
  /** Runs that were continued, the newest first. */
  readonly earlier: readonly WorkflowRun[];
}

/** The chains of some runs; a run that is in none is a chain of its own. */
export function chainsOf(runs: readonly WorkflowRun[]): Chain[] {
  return [...Map.groupBy(runs, rootOf).values()].map((links) => {
    const [newest, ...earlier] = [...links].sort((a, b) => linkOf(b) - linkOf(a));
    return { newest: newest as WorkflowRun, earlier };
  });
}

/** Whether a run is neither the first of its chain, by whose name triggers know it, nor the one that ends it. */
export const isBetween = (run: WorkflowRun): boolean =>
  run.spec.continues !== undefined && continuedAs(run) !== undefined;

/**
 * Runs of a chain beyond what retention.chain keeps. What a run takes over is read from the one before it, which
 * therefore stays until the next one was accepted, or has ended without that.
 */
export function expiredLinks({ spec }: Pick<Workflow, 'spec'>, { newest, earlier }: Chain): WorkflowRun[] {
  const count = spec.retention?.chain?.count ?? DEFAULT_KEPT_LINKS;
  const hasBegun = newest.status?.state !== undefined || newest.status?.finishedAt !== undefined;
  const kept = hasBegun ? count : Math.max(1, count);
  return earlier.slice(kept).filter((run) => continuedAs(run) !== undefined && !run.metadata.deletionTimestamp);
}
