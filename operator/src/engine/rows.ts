import { type AttemptObservation, MAX_TASK_ROWS, type TaskPhase, type TaskRow } from '../api/index.ts';
import type { Observed } from './pass.ts';
import { attemptKey, formatPath } from './paths.ts';
import type { Plan } from './plan.ts';
import { inRanges, sizeOfRanges } from './ranges.ts';
import { type Fan, newUnit, type RunState, SMALL_FAN_OUT, type Unit } from './state.ts';

export interface Counts {
  total: number;
  pending: number;
  running: number;
  succeeded: number;
  failed: number;
  skipped: number;
}

/** A row without what only the pods' room knows (the name of the pod); times are epoch milliseconds. */
export interface UnitRow extends Omit<TaskRow, 'pod' | 'startedAt' | 'finishedAt'> {
  startedAt?: number;
  finishedAt?: number;
}

type Sight = (path: string, attempt: number) => AttemptObservation | undefined;

/** How many units are where. Costs time by tasks and live items, not by finished ones. */
export function countUnits(plan: Plan, state: RunState): Counts {
  const counts = { total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, skipped: 0 };
  for (const name of plan.order) {
    const task = state.tasks.get(name);
    if (task?.fan) countFan(counts, task.fan, state);
    if (!task?.fan) countUnit(counts, task?.unit ?? newUnit(), state);
  }
  return counts;
}

function countUnit(counts: Counts, unit: Unit, state: RunState): void {
  counts.total++;
  counts[BUCKETS[phaseOf(unit, state)]]++;
}

const BUCKETS: Record<TaskPhase, 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped'> = {
  Pending: 'pending',
  Running: 'running',
  Backoff: 'pending',
  Succeeded: 'succeeded',
  Failed: 'failed',
  Skipped: 'skipped',
  Cancelled: 'skipped',
};

function countFan(counts: Counts, fan: Fan, state: RunState): void {
  counts.total += fan.count;
  counts.succeeded += sizeOfRanges(fan.succeeded);
  counts.failed += sizeOfRanges(fan.failed);
  counts.skipped += sizeOfRanges(fan.skipped) + sizeOfRanges(fan.cancelled);
  counts[state.finished ? 'skipped' : 'pending'] += fan.count - fan.next;
  for (const unit of fan.live.values()) counts[BUCKETS[phaseOf(unit, state)]]++;
}

/** The phase as people read it: what never started in a run that is over was skipped. */
function phaseOf(unit: Unit, state: RunState): TaskPhase {
  if (unit.phase === 'Waiting') return state.finished ? 'Skipped' : 'Pending';
  if (unit.phase === 'Live' || unit.phase === 'Stopping') return 'Running';
  return unit.phase;
}

/** Waiting and failed units first, then live ones, then the newest: what a person would look for. */
const INTEREST: Record<TaskPhase, number> = {
  Failed: 0,
  Backoff: 1,
  Running: 2,
  Pending: 3,
  Cancelled: 4,
  Succeeded: 5,
  Skipped: 6,
};

/** At most 50 rows, in the order of the definition; of more units those of most interest. */
export function unitRows(plan: Plan, state: RunState, observed: Pick<Observed, 'attempts'>): UnitRow[] {
  const sight: Sight = (path, attempt) => observed.attempts.get(attemptKey(path, attempt));
  const rows = plan.order.flatMap((name) => taskRows(name, plan, state, sight));
  if (rows.length <= MAX_TASK_ROWS) return rows;
  const chosen = new Set([...rows].sort(byInterest).slice(0, MAX_TASK_ROWS));
  return rows.filter((row) => chosen.has(row));
}

function byInterest(a: UnitRow, b: UnitRow): number {
  return INTEREST[a.phase] - INTEREST[b.phase] || (b.finishedAt ?? 0) - (a.finishedAt ?? 0);
}

function taskRows(name: string, plan: Plan, state: RunState, sight: Sight): UnitRow[] {
  const task = state.tasks.get(name);
  if (!task?.fan) return [unitRow(name, task?.unit ?? newUnit(), plan, state, sight)];
  return fanRows(name, task.fan, plan, state, sight);
}

/** Rows of a fan-out: all items of a small one; of a large one the live and failed ones and the fan-out itself. */
function fanRows(name: string, fan: Fan, plan: Plan, state: RunState, sight: Sight): UnitRow[] {
  const rows: UnitRow[] = [];
  const isSmall = fan.count <= SMALL_FAN_OUT;
  if (!isSmall) rows.push(fanSummary(name, fan, state));
  const indexes = isSmall
    ? Array.from({ length: fan.count }, (_, index) => index)
    : [...fan.kept.keys(), ...fan.live.keys()].sort((a, b) => a - b);
  for (const index of indexes) {
    const unit = fan.live.get(index) ?? fan.kept.get(index) ?? endedItem(fan, index);
    rows.push(unitRow(formatPath(name, index), unit, plan, state, sight));
  }
  return rows;
}

function fanSummary(name: string, fan: Fan, state: RunState): UnitRow {
  const unit = state.tasks.get(name)?.unit ?? newUnit();
  const done = fan.next - fan.live.size;
  return {
    path: name,
    phase: phaseOf(unit, state),
    message: `${done} of ${fan.count} items ended`,
    ...timesOf(unit, state),
  };
}

function endedItem(fan: Fan, index: number): Unit {
  const unit = newUnit();
  if (inRanges(fan.succeeded, index)) unit.phase = 'Succeeded';
  if (inRanges(fan.failed, index)) unit.phase = 'Failed';
  if (inRanges(fan.skipped, index)) unit.phase = 'Skipped';
  if (inRanges(fan.cancelled, index)) unit.phase = 'Cancelled';
  return unit;
}

function timesOf(unit: Unit, state: RunState): Pick<UnitRow, 'startedAt' | 'finishedAt'> {
  return {
    ...(unit.startedAt === undefined ? {} : { startedAt: state.at + unit.startedAt }),
    ...(unit.finishedAt === undefined ? {} : { finishedAt: state.at + unit.finishedAt }),
  };
}

function unitRow(path: string, unit: Unit, plan: Plan, state: RunState, sight: Sight): UnitRow {
  const why = explain(path, unit, plan, state, sight);
  return {
    path,
    phase: why.phase ?? phaseOf(unit, state),
    ...(unit.attempt >= 0 ? { attempt: unit.attempt } : {}),
    ...(unit.retries > 0 ? { retries: unit.retries } : {}),
    ...(why.reason ? { reason: why.reason } : {}),
    ...(why.message ? { message: why.message.slice(0, 512) } : {}),
    ...(unit.exitCode === undefined ? {} : { exitCode: unit.exitCode }),
    ...timesOf(unit, state),
  };
}

interface Why {
  phase?: TaskPhase;
  reason?: string | undefined;
  message?: string | undefined;
}

/** Why a unit is where it is, from what is seen now for live ones and from state for all others. */
function explain(path: string, unit: Unit, plan: Plan, state: RunState, sight: Sight): Why {
  if (unit.phase === 'Live') return explainLive(sight(path, unit.attempt));
  if (unit.phase === 'Waiting') return explainWaiting(path, plan, state, sight);
  return { reason: unit.reason, message: unit.message };
}

function explainLive(seen: AttemptObservation | undefined): Why {
  if (seen?.phase === 'Running') return { phase: 'Running' };
  if (seen?.phase === 'Pending') return { phase: 'Pending', reason: seen.reason, message: seen.message };
  return { phase: 'Pending' };
}

function explainWaiting(path: string, plan: Plan, state: RunState, sight: Sight): Why {
  if (state.finished) return { reason: 'RunStopped' };
  const refused = sight(path, 0);
  if (refused?.phase === 'Refused') return { reason: refused.reason, message: refused.message };
  const needs = plan.tasks.get(path)?.task.needs ?? [];
  const open = needs.filter(
    (name) => !['Succeeded', 'Failed', 'Skipped', 'Cancelled'].includes(state.tasks.get(name)?.unit.phase ?? ''),
  );
  if (open.length > 0) return { reason: 'WaitingForNeeds', message: `waits for ${open.join(', ')}` };
  return { reason: state.desired === 'Paused' ? 'Paused' : 'Parallelism' };
}
