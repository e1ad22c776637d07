import { type Backfill, epochOf, type WorkflowRun } from '../../api/index.ts';
import { isBeyond, type Window } from '../../schedules/index.ts';
import { BACKFILLS_BY_WORKFLOW, type Stores } from '../stores/stores.ts';

export function windowOf({ spec }: Backfill): Window {
  return { from: epochOf(spec.from) ?? 0, to: epochOf(spec.to) ?? 0, order: spec.order ?? 'OldestFirst' };
}

/**
 * Whether a Backfill that is not over has yet to look at a run: were it gone, its slot would run again. Those of its own
 * that are under way count, too.
 */
export function isKeptForBackfill(stores: Pick<Stores, 'backfills'>, run: WorkflowRun): boolean {
  const { origin, workflowRef } = run.spec;
  const slot = epochOf(origin?.slot);
  if (slot === undefined) return false;
  const key = `${run.metadata.namespace ?? ''}/${workflowRef.name}`;
  return stores.backfills.byIndex(BACKFILLS_BY_WORKFLOW, key).some((backfill) => {
    const { spec, status = {} } = backfill;
    if (spec.schedule !== origin?.schedule || status.finishedAt !== undefined) return false;
    const { from, to, order } = windowOf(backfill);
    if (slot < from || slot >= to) return false;
    return isBeyond(slot, epochOf(status.cursor), order) || (status.active?.includes(origin.slot ?? '') ?? false);
  });
}
