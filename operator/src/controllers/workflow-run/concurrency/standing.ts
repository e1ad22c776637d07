import { linkOf, rootOf, type WorkflowRun } from '../../../api/index.ts';
import type { KeyOf, Standing } from './lines.ts';
import type { Contender } from './turn.ts';

/** Where a run stands; nothing once it has ended. A run that continues another has the turn of its chain from the start. */
export function placeOf(run: WorkflowRun, isAdmitted: boolean): Standing['place'] | undefined {
  const { spec, status } = run;
  if (status?.finishedAt !== undefined) return undefined;
  if (status?.state !== undefined || spec.continues !== undefined || isAdmitted) return 'Active';
  return couldStart(run) ? 'Waiting' : 'Aside';
}

/** Whether only the limit may keep a run from starting. */
function couldStart({ metadata, spec, status }: WorkflowRun): boolean {
  if (spec.desiredState !== 'Running' || metadata.deletionTimestamp) return false;
  return !status?.conditions?.some(({ type, reason }) => type === 'Succeeded' && reason === 'ConfigMapNotFound');
}

export function contenderOf({ metadata, spec }: WorkflowRun): Contender {
  const { uid = '', name, creationTimestamp = '' } = metadata;
  const createdAt = Date.parse(spec.continues?.since ?? creationTimestamp) || 0;
  return { uid, name, createdAt, priority: spec.priority ?? 0 };
}

/** A run at its place, with the key that it counts under. */
export const standingOf = (run: WorkflowRun, place: Standing['place'], key: KeyOf): Standing => ({
  ...{ contender: contenderOf(run), place, key },
  ...{ root: rootOf(run), link: linkOf(run) },
});
