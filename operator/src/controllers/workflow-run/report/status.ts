import {
  type Condition,
  type ConditionWish,
  linkName,
  linkOf,
  mergeConditions,
  outcomeConditions,
  type Reason,
  type RunPhase,
  rootOf,
  type WorkflowRun,
  type WorkflowRunStatus,
} from '../../../api/index.ts';
import {
  allRows,
  type Counts,
  countUnits,
  encodeState,
  type Journal,
  type Observed,
  type Plan,
  type RunState,
  type UnitRow,
} from '../../../engine/index.ts';
import { timestamp } from '../../timestamp.ts';
import { shownRows } from './shown-rows.ts';
import type { Sights } from './sights.ts';

const MAX_FAILURE_ROWS = 16;

/** The whole status of a run that was accepted. Pure but for the time that it is given. */
export function buildStatus(
  run: WorkflowRun,
  revision: string,
  plan: Plan,
  state: RunState,
  journal: Journal,
  observed: Pick<Observed, 'attempts' | 'continuedAs'> & Pick<Sights, 'events'>,
  now: number,
): WorkflowRunStatus {
  const counts = countUnits(plan, state);
  const failures = [...state.failures].slice(0, MAX_FAILURE_ROWS).map(([reason, count]) => ({ reason, count }));
  const rows = allRows(plan, state, observed);
  return {
    ...(run.metadata.generation === undefined ? {} : { observedGeneration: run.metadata.generation }),
    phase: phaseOf(state),
    progress: progressOf(counts, state),
    conditions: conditionsOf(run, wishesOf(state), now),
    definition: { digest: plan.digest, revision },
    startedAt: timestamp(state.at),
    ...(state.finished ? { finishedAt: timestamp(state.at + state.finished.t) } : {}),
    ...(run.status?.origin ? { origin: run.status.origin } : {}),
    ...chainOf(run, state, observed.continuedAs),
    counts,
    ...(failures.length > 0 ? { failures } : {}),
    tasks: shownRows(run, rows, { ...observed, plan, state }),
    ...(state.finished ? {} : waitingFor(rows)),
    seq: state.seq,
    state: encodeState(state),
    journal,
  };
}

/** Where a run stands in its chain, if it continues another or is continued. */
function chainOf(
  run: WorkflowRun,
  { continuing, finished }: RunState,
  continuedAs: string | undefined,
): Pick<WorkflowRunStatus, 'chain'> {
  if (!run.spec.continues && !continuing) return {};
  const root = rootOf(run);
  const isContinued = continuing !== undefined && finished?.reason === 'ContinuedAsNew';
  const next = isContinued ? { next: continuedAs ?? linkName(root, continuing.index) } : {};
  return { chain: { root, index: linkOf(run), ...next } };
}

/** How many reasons the column shows. */
const MAX_REASONS = 3;

/** What unfinished tasks wait for, the commonest reason first; waiting for other tasks is no news. */
function waitingFor(rows: readonly UnitRow[]): Pick<WorkflowRunStatus, 'waitingFor'> {
  const counts = new Map<string, number>();
  for (const { phase, reason } of rows) {
    const waits = phase === 'Pending' || phase === 'Backoff' || WAITING.has(reason ?? '');
    if (waits && reason && !ORDINARY.has(reason)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const words = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MAX_REASONS);
  return words.length === 0 ? {} : { waitingFor: words.map(([reason, count]) => `${count} ${reason}`).join(', ') };
}

/** Reasons of what has begun and only waits. */
const WAITING: ReadonlySet<string> = new Set(['Sleeping', 'Approval', 'Signal']);
const ORDINARY: ReadonlySet<string> = new Set(['Starting', 'WaitingForNeeds', 'WaitingForTasks', 'Parallelism']);

/**
 * How many tasks have ended well, of all, and how many failed. A skip counts as well as a success does, until the run is
 * known not to succeed: then most skips are of what could not run any more.
 */
function progressOf({ total, succeeded, skipped, failed }: Counts, { stop, result, finished }: RunState): string {
  const end = finished ?? result;
  const isLost = stop !== undefined || (end !== undefined && end.phase !== 'Succeeded');
  const well = succeeded + (isLost ? 0 : skipped);
  return `${well}/${total}${failed > 0 ? `, ${failed} failed` : ''}`;
}

function phaseOf(state: RunState): RunPhase {
  if (state.finished) return state.finished.phase;
  return state.desired === 'Paused' ? 'Paused' : 'Running';
}

/** kstatus: a run that goes on is in progress, one that ended well is ready, one that did not is stalled. */
function wishesOf(state: RunState): ConditionWish[] {
  if (!state.finished) return goingOn(state);
  const { phase, reason, message } = state.finished;
  if (phase === 'Succeeded') {
    return [...outcomeConditions(true, reason, message), { type: 'Ready', status: 'True', reason, message }];
  }
  return unsuccessful(reason, message);
}

/** The conditions of a run that has ended without success. */
export function unsuccessful(reason: string, message: string): ConditionWish[] {
  return [
    ...outcomeConditions(false, reason, message),
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  ];
}

/** The conditions of a run that is not over. */
export function inProgress(reason: string, message: string): ConditionWish[] {
  return [
    { type: 'Succeeded', status: 'Unknown', reason, message },
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Reconciling', status: 'True', reason, message },
  ];
}

/** The conditions of a run that cannot go on until somebody puts right what the message names. */
export function stuck(reason: Reason, message: string): ConditionWish[] {
  return [
    { type: 'Succeeded', status: 'Unknown', reason, message },
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  ];
}

/** Whether a status says that the run cannot go on. */
export const isStuck = (status: WorkflowRunStatus | undefined): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Stalled' && is === 'True') ?? false;

/** The conditions after `wishes`. That its history was damaged stays true of a run. */
export function conditionsOf(run: WorkflowRun, wishes: readonly ConditionWish[], now: number): Condition[] {
  const before = run.status?.conditions ?? [];
  const damage = before.filter(({ type }) => type === DAMAGED);
  return [...mergeConditions(before, wishes, run.metadata.generation, timestamp(now)), ...damage];
}

const DAMAGED = 'HistoryDamaged';
const MAX_MESSAGE = 2048;

/** The conditions with what is known to be wrong with the history, beside what was known before. */
export function withDamage(
  conditions: readonly Condition[] | undefined,
  damage: string | undefined,
  now: number,
): Condition[] {
  const all = [...(conditions ?? [])];
  if (damage === undefined) return all;
  const known = all.find(({ type }) => type === DAMAGED);
  if (known?.message.includes(damage)) return all;
  const message = [damage, ...(known ? [known.message] : [])].join('\n').slice(0, MAX_MESSAGE);
  const lastTransitionTime = known?.lastTransitionTime ?? timestamp(now);
  const condition = { type: DAMAGED, status: 'True', reason: DAMAGED, message, lastTransitionTime } as const;
  return [...all.filter(({ type }) => type !== DAMAGED), condition];
}

function goingOn(state: RunState): ConditionWish[] {
  if (state.stop) return inProgress('Cancelling', state.stop.message);
  if (state.desired === 'Paused') return inProgress('Paused', 'no new tasks start until desiredState is Running');
  const { stays } = state;
  const why = stays ? `; the run does not continue as a new run: ${stays.message}` : '';
  return inProgress('Running', `tasks are running or waiting${why}`);
}

/** The status of a run that has no state: it waits for its Workflow, or was refused. */
export function statusWithoutState(
  run: WorkflowRun,
  phase: RunPhase,
  wishes: readonly ConditionWish[],
  now: number,
): WorkflowRunStatus {
  return {
    ...(run.metadata.generation === undefined ? {} : { observedGeneration: run.metadata.generation }),
    phase,
    conditions: conditionsOf(run, wishes, now),
    ...(run.spec.continues ? { chain: { root: rootOf(run), index: linkOf(run) } } : {}),
    ...(phase === 'Failed' || phase === 'Cancelled' ? { finishedAt: run.status?.finishedAt ?? timestamp(now) } : {}),
  };
}
