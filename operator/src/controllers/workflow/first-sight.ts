import type { Workflow, WorkflowStatus } from '../../api/index.ts';
import { digestOfWritten } from '../../engine/index.ts';
import { timestamp } from '../timestamp.ts';

/**
 * What is noted of a Workflow when an operator that proves its runs sees it first. One that has a status was accepted by an
 * operator of before, as it is if that has seen it so: nobody can be asked who wrote it.
 */
export function firstSight(
  { metadata, spec, status }: Workflow,
  now: number,
): NonNullable<WorkflowStatus['firstSeen']> {
  const isAccepted = status?.definition !== undefined && status.observedGeneration === metadata.generation;
  return { at: timestamp(now), ...(isAccepted && !spec.writer ? { written: digestOfWritten(spec) } : {}) };
}
