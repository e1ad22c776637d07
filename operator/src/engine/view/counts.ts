import type { TaskPhase } from '../../api/index.ts';
import type { Plan, PlannedTask, Role } from '../plan/plan.ts';
import { formatPath } from '../state/paths.ts';
import { sizeOfRanges } from '../state/ranges.ts';
import {
  type Fan,
  type InnerCounts,
  isTerminal,
  newUnit,
  type RunState,
  type TaskState,
  type Unit,
} from '../state/state.ts';
import { causeOfItems, type Frame, frameIn, rootFrame } from '../state/walk.ts';

export interface Counts {
  total: number;
  pending: number;
  running: number;
  succeeded: number;
  failed: number;
  skipped: number;
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

/**
 * How many units are where. Costs time by tasks and live items, not by finished ones. A template counts as itself and its
 * tasks, a loop as one however often it goes round.
 */
export function countUnits(plan: Plan, state: RunState): Counts {
  const counts = { total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, skipped: 0 };
  countFrame(counts, plan, state, rootFrame(plan, state));
  return counts;
}

/** Hooks and undo that were never called for are nobody's concern. */
export function isHidden({ role, event }: PlannedTask, task: TaskState | undefined): boolean {
  if (event === undefined && role !== 'Undo') return false;
  return !task || task.unit.phase === 'Waiting' || task.unit.phase === 'Skipped';
}

/**
 * Whether what waits in a graph of the run can start no more: the run has ended, is being stopped, or its result is fixed
 * and only undo and finally are left.
 */
export function isClosed({ result, stop, finished }: RunState, frame: Frame, { role }: PlannedTask): boolean {
  if (finished) return true;
  const root = rootRole(frame, role);
  const isAfterwards = root === 'Final' || root === 'Undo';
  if (stop) return !isAfterwards || result !== undefined || stop.reason === 'Terminated';
  return result !== undefined && !isAfterwards;
}

/** The role of the task of the run that a graph is inside of. */
function rootRole({ owner }: Frame, role: Role): Role {
  return owner ? rootRole(owner.frame, owner.planned.role) : role;
}

/** The phase as people read it: what never started and cannot any more was skipped. */
export function phaseOf(unit: Unit, isOut: boolean): TaskPhase {
  if (unit.phase === 'Waiting') return isOut ? 'Skipped' : 'Pending';
  if (unit.phase === 'Live' || unit.phase === 'Stopping' || unit.phase === 'Open') return 'Running';
  return unit.phase;
}

function countFrame(counts: Counts, plan: Plan, state: RunState, frame: Frame): void {
  for (const [name, planned] of frame.plan.tasks) {
    const task = frame.tasks.get(name);
    if (isHidden(planned, task)) continue;
    const path = formatPath(frame.path, name);
    const isOut = isClosed(state, frame, planned);
    if (task?.fan) countFan(counts, task.fan, isOut || isItemsEnd(planned, task));
    for (const { unit, ...at } of unitsOf(path, task)) {
      countUnit(counts, unit, isOut);
      const inside = frameIn(plan, { ...at, frame, planned, unit, loop: undefined, cause: undefined });
      if (inside) countFrame(counts, plan, state, inside);
    }
  }
}

/** Whether no further item of a fan-out starts. */
const isItemsEnd = (planned: PlannedTask, task: TaskState): boolean =>
  isTerminal(task.unit) || causeOfItems(planned, task) !== undefined;

/** The unit of a task, or those of its live items. */
function unitsOf(path: string, task: TaskState | undefined): { path: string; index: number | undefined; unit: Unit }[] {
  if (!task?.fan) return [{ path, index: undefined, unit: task?.unit ?? newUnit() }];
  return [...task.fan.live].map(([index, unit]) => ({ path: `${path}[${index}]`, index, unit }));
}

function countUnit(counts: Counts, unit: Unit, isOut: boolean): void {
  counts.total++;
  counts[BUCKETS[phaseOf(unit, isOut)]]++;
  if (unit.inner) countInner(counts, unit.inner);
}

/** The items of a fan-out that are not live; those that can start no more are skipped. */
function countFan(counts: Counts, fan: Fan, isOut: boolean): void {
  counts.total += fan.count - fan.live.size;
  const succeeded = sizeOfRanges(fan.succeeded);
  const failed = sizeOfRanges(fan.failed);
  const skipped = sizeOfRanges(fan.skipped) + sizeOfRanges(fan.cancelled);
  counts.succeeded += succeeded;
  counts.failed += failed;
  counts.skipped += skipped;
  counts[isOut ? 'skipped' : 'pending'] += fan.count - fan.live.size - succeeded - failed - skipped;
  if (fan.inner) countInner(counts, fan.inner);
}

function countInner(counts: Counts, { succeeded, failed, skipped }: InnerCounts): void {
  counts.total += succeeded + failed + skipped;
  counts.succeeded += succeeded;
  counts.failed += failed;
  counts.skipped += skipped;
}
