import {
  type AttemptBackend,
  type AttemptObservation,
  MAX_TASK_ROWS,
  type TaskPhase,
  type TaskRow,
} from '../../api/index.ts';
import type { Observed } from '../advance/pass.ts';
import type { Plan, PlannedTask } from '../plan/plan.ts';
import { attemptKey, formatPath } from '../state/paths.ts';
import { inRanges } from '../state/ranges.ts';
import { type Fan, type LoopState, newUnit, type RunState, SMALL_FAN_OUT, type Unit } from '../state/state.ts';
import { type Frame, frameIn, rootFrame } from '../state/walk.ts';
import { isClosed, isHidden, phaseOf } from './counts.ts';
import { lastFailureOf, whyOf } from './why.ts';

/** A row without what only the pods' room knows (the name of the pod); times are epoch milliseconds. */
export interface UnitRow
  extends Omit<TaskRow, 'pod' | 'startedAt' | 'finishedAt' | 'since' | 'until' | 'duration' | 'outputs'> {
  backend?: AttemptBackend;
  since?: number;
  until?: number;
  startedAt?: number;
  finishedAt?: number;
}

type Seen = (path: string, attempt: number) => AttemptObservation | undefined;
/** What rows are made from. */
interface View {
  readonly plan: Plan;
  readonly state: RunState;
  readonly seen: Seen;
}

/** A unit where it stands. */
interface UnitInGraph {
  readonly frame: Frame;
  readonly planned: PlannedTask;
  readonly path: string;
  readonly unit: Unit;
  /** The loop whose current iteration it is. */
  readonly loop?: LoopState;
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
  return rowsToShow(allRows(plan, state, observed));
}

/** A row for every unit that is not in a range, in the order of the definition. */
export function allRows(plan: Plan, state: RunState, observed: Pick<Observed, 'attempts'>): UnitRow[] {
  const seen: Seen = (path, attempt) => observed.attempts.get(attemptKey(path, attempt));
  return rowsOfFrame({ plan, state, seen }, rootFrame(plan, state));
}

/** Those 50 of them that are of most interest, in their order. */
export function rowsToShow<R extends Ranked>(rows: R[]): R[] {
  if (rows.length <= MAX_TASK_ROWS) return rows;
  const chosen = new Set([...rows].sort(byInterest).slice(0, MAX_TASK_ROWS));
  return rows.filter((row) => chosen.has(row));
}

/** What decides whether a row is shown. */
export interface Ranked {
  readonly phase: TaskPhase;
  readonly finishedAt?: number | undefined;
  /** It is inside of something that has ended: shown after all others, unless it failed. */
  readonly isInner?: boolean;
}

function byInterest(a: Ranked, b: Ranked): number {
  return interestOf(a) - interestOf(b) || (b.finishedAt ?? 0) - (a.finishedAt ?? 0);
}

const interestOf = ({ phase, isInner }: Ranked): number =>
  INTEREST[phase] + (isInner && phase !== 'Failed' ? Object.keys(INTEREST).length : 0);

function rowsOfFrame(view: View, frame: Frame): UnitRow[] {
  return frame.plan.order.flatMap((name) => {
    const planned = frame.plan.tasks.get(name);
    const task = frame.tasks.get(name);
    if (!planned || isHidden(planned, task)) return [];
    const path = formatPath(frame.path, name);
    if (task?.fan) return rowsOfFan(view, frame, planned, task.fan, task.unit);
    return rowsOfUnit(view, { frame, planned, path, unit: task?.unit ?? newUnit() });
  });
}

/** A unit, then what is inside of it. */
function rowsOfUnit(view: View, standing: UnitInGraph): UnitRow[] {
  const { unit, path } = standing;
  const rows = [unitRow(view, standing)];
  const { loop } = unit;
  for (const [index, kept] of loop?.kept ?? [])
    rows.push(unitRow(view, { ...standing, path: `${path}/${index}`, unit: kept }));
  if (loop) rows.push(...rowsOfUnit(view, { ...standing, path: `${path}/${loop.index}`, unit: loop.unit, loop }));
  const frame = frameIn(view.plan, { ...standing, index: undefined, loop: undefined, cause: undefined });
  return frame ? [...rows, ...rowsOfFrame(view, frame)] : rows;
}

/** Rows of a fan-out: all items of a small one; of a large one the live and failed ones and the fan-out itself. */
function rowsOfFan(view: View, frame: Frame, planned: PlannedTask, fan: Fan, whole: Unit): UnitRow[] {
  const rows: UnitRow[] = [];
  const { name } = planned.task;
  const isSmall = fan.count <= SMALL_FAN_OUT;
  const isOut = isClosed(view.state, frame, planned);
  if (!isSmall) rows.push(fanSummary(formatPath(frame.path, name), fan, phaseOf(whole, isOut), whole, view.state));
  const indexes = isSmall
    ? Array.from({ length: fan.count }, (_, index) => index)
    : [...fan.kept.keys(), ...fan.live.keys()].sort((a, b) => a - b);
  for (const index of indexes) {
    const unit = fan.live.get(index) ?? fan.kept.get(index) ?? endedItem(fan, index, whole.from);
    rows.push(...rowsOfUnit(view, { frame, planned, path: formatPath(frame.path, name, index), unit }));
  }
  return rows;
}

function fanSummary(path: string, fan: Fan, phase: TaskPhase, whole: Unit, state: RunState): UnitRow {
  const done = fan.next - fan.live.size;
  return {
    path,
    phase,
    message: `${done} of ${fan.count} items ended`,
    ...timesOf(whole, state),
  };
}

/** An item of which only the outcome is known: most often one that an earlier run has done. */
function endedItem(fan: Fan, index: number, from: string | undefined): Unit {
  const unit = newUnit();
  if (inRanges(fan.succeeded, index)) unit.phase = 'Succeeded';
  if (inRanges(fan.failed, index)) unit.phase = 'Failed';
  if (inRanges(fan.skipped, index)) unit.phase = 'Skipped';
  if (inRanges(fan.cancelled, index)) unit.phase = 'Cancelled';
  if (from !== undefined && unit.phase !== 'Waiting') unit.from = `${from}[${index}]`;
  return unit;
}

function timesOf(unit: Unit, state: RunState): Pick<UnitRow, 'startedAt' | 'finishedAt'> {
  return {
    ...(unit.startedAt === undefined ? {} : { startedAt: state.at + unit.startedAt }),
    ...(unit.finishedAt === undefined ? {} : { finishedAt: state.at + unit.finishedAt }),
  };
}

function unitRow(view: View, standing: UnitInGraph): UnitRow {
  const { state, seen } = view;
  const { unit, path, planned, frame } = standing;
  const why = whyOf({ ...standing, state, seen });
  return {
    path,
    ...(unit.key === undefined ? {} : { item: unit.key }),
    phase: why.phase ?? phaseOf(unit, isClosed(state, frame, planned)),
    ...(unit.attempt >= 0 ? { attempt: unit.attempt } : {}),
    ...(unit.attempt >= 0 && planned.backend ? { backend: planned.backend } : {}),
    ...(unit.retries > 0 ? { retries: unit.retries } : {}),
    ...(why.reason ? { reason: why.reason } : {}),
    ...(why.message ? { message: why.message.slice(0, 512) } : {}),
    ...(why.since === undefined || why.reason === undefined ? {} : { since: why.since }),
    ...(why.until === undefined ? {} : { until: why.until }),
    ...(unit.exitCode === undefined ? {} : { exitCode: unit.exitCode }),
    ...lastFailureOf(unit),
    ...(unit.from === undefined ? {} : { from: unit.from }),
    ...timesOf(unit, state),
  };
}
