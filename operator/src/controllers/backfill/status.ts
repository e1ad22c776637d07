import {
  type Backfill,
  type BackfillPhase,
  type BackfillStatus,
  type ConditionWish,
  epochOf,
  mergeConditions,
  outcomeConditions,
  type Reason,
  timeOf,
} from '../../api/index.ts';
import type { Accepted } from './accept.ts';

type Counts = NonNullable<BackfillStatus['counts']>;

/** Where a Backfill is, while a reconcile works on it. */
export interface Progress {
  cursor: number | undefined;
  active: number[];
  counts: Counts;
}

export function progressOf({ status }: Backfill, total: number): Progress {
  const { cursor, active = [], counts } = status ?? {};
  return {
    cursor: epochOf(cursor),
    active: active.flatMap((slot) => epochOf(slot) ?? []),
    counts: { existing: 0, succeeded: 0, failed: 0, ...counts, total },
  };
}

const through = ({ existing, succeeded, failed }: Counts): number => existing + succeeded + failed;

/** The status of a Backfill that has begun. `isOver`: nothing of it is under way, and nothing more will start. */
export function statusOf(
  backfill: Backfill,
  { schedule }: Pick<Accepted, 'schedule'>,
  progress: Progress,
  { isOver, refused, now }: { readonly isOver: boolean; readonly refused: string | undefined; readonly now: number },
): BackfillStatus {
  const { cursor, active, counts } = progress;
  const { generation } = backfill.metadata;
  const at = timeOf(now);
  const { phase, wishes } = viewOf(backfill, progress, isOver, refused);
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    progress: `${through(counts)}/${counts.total}`,
    conditions: mergeConditions(backfill.status?.conditions, wishes, generation, at),
    plan: backfill.status?.plan ?? JSON.stringify(schedule),
    ...(cursor === undefined ? {} : { cursor: timeOf(cursor) }),
    ...(active.length > 0 ? { active: active.map(timeOf) } : {}),
    counts,
    startedAt: backfill.status?.startedAt ?? at,
    ...(isOver ? { finishedAt: backfill.status?.finishedAt ?? at } : {}),
  };
}

interface View {
  readonly phase: BackfillPhase;
  readonly wishes: readonly ConditionWish[];
}

function viewOf({ spec }: Backfill, { counts }: Progress, isOver: boolean, refused: string | undefined): View {
  const left = counts.total - through(counts);
  if (isOver && left > 0)
    return ended('Cancelled', 'Cancelled', `cancelled, with ${left} of ${counts.total} slots left`);
  if (isOver && counts.failed > 0) {
    return ended('Failed', 'RunsFailed', `the runs of ${counts.failed} of ${counts.total} slots failed`);
  }
  if (isOver) {
    const { succeeded, existing } = counts;
    return ended('Succeeded', 'Succeeded', `${succeeded} runs succeeded, ${existing} slots already had a run`);
  }
  if (refused) return { phase: 'Running', wishes: [...going('SlotRefused', refused), stalled('SlotRefused', refused)] };
  if (spec.desiredState === 'Paused') {
    return { phase: 'Paused', wishes: going('Paused', 'no new run starts until desiredState is Running') };
  }
  if (spec.desiredState === 'Cancelled') {
    return { phase: 'Running', wishes: going('Cancelling', 'waiting for the cancelled runs to end') };
  }
  return { phase: 'Running', wishes: going('Running', `${left} of ${counts.total} slots left`) };
}

function ended(phase: 'Succeeded' | 'Failed' | 'Cancelled', reason: Reason, message: string): View {
  return { phase, wishes: outcomeConditions(phase === 'Succeeded', reason, message) };
}

function going(reason: Reason, message: string): ConditionWish[] {
  return [
    { type: 'Succeeded', status: 'Unknown', reason, message },
    { type: 'Reconciling', status: 'True', reason, message },
  ];
}

const stalled = (reason: Reason, message: string): ConditionWish => ({
  ...{ type: 'Stalled', status: 'True', reason, message },
});

/** The status of one that cannot begin, now or ever. */
export function refusedStatus(
  backfill: Backfill,
  { reason, message, isFinal }: { readonly reason: Reason; readonly message: string; readonly isFinal: boolean },
  now: number,
): BackfillStatus {
  const { generation } = backfill.metadata;
  const at = timeOf(now);
  const outcome: ConditionWish[] = isFinal
    ? outcomeConditions(false, reason, message)
    : [{ type: 'Succeeded', status: 'Unknown', reason, message }];
  const wishes = [...outcome, stalled(reason, message)];
  return {
    ...backfill.status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: isFinal ? 'Failed' : 'Pending',
    conditions: mergeConditions(backfill.status?.conditions, wishes, generation, at),
    ...(isFinal ? { finishedAt: backfill.status?.finishedAt ?? at } : {}),
  };
}
