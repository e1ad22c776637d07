import type { TaskPhase } from '../api/index.ts';
import { formatPath } from './paths.ts';
import type { Plan, PlannedTask } from './plan.ts';
import { sizeOfRanges } from './ranges.ts';
import { type Fan, type InnerCounts, newUnit, type RunState, type TaskState, type Unit } from './state.ts';
import { type Frame, frameIn, rootFrame } from './walk.ts';

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

/** The phase as people read it: what never started in a run that is over was skipped. */
export function phaseOf(unit: Unit, state: RunState): TaskPhase {
  if (unit.phase === 'Waiting') return state.finished ? 'Skipped' : 'Pending';
  if (unit.phase === 'Live' || unit.phase === 'Stopping' || unit.phase === 'Open') return 'Running';
  return unit.phase;
}

function countFrame(counts: Counts, plan: Plan, state: RunState, frame: Frame): void {
  for (const [name, planned] of frame.plan.tasks) {
    const task = frame.tasks.get(name);
    if (isHidden(planned, task)) continue;
    const path = formatPath(frame.path, name);
    if (task?.fan) countFan(counts, task.fan, state);
    for (const { unit, ...at } of unitsOf(path, task)) {
      countUnit(counts, unit, state);
      const inside = frameIn(plan, { ...at, frame, planned, unit, loop: undefined, cause: undefined });
      if (inside) countFrame(counts, plan, state, inside);
    }
  }
}

/** The unit of a task, or those of its live items. */
function unitsOf(path: string, task: TaskState | undefined): { path: string; index: number | undefined; unit: Unit }[] {
  if (!task?.fan) return [{ path, index: undefined, unit: task?.unit ?? newUnit() }];
  return [...task.fan.live].map(([index, unit]) => ({ path: `${path}[${index}]`, index, unit }));
}

function countUnit(counts: Counts, unit: Unit, state: RunState): void {
  counts.total++;
  counts[BUCKETS[phaseOf(unit, state)]]++;
  if (unit.inner) countInner(counts, unit.inner);
}

/** The items of a fan-out that are not live. */
function countFan(counts: Counts, fan: Fan, state: RunState): void {
  counts.total += fan.count - fan.live.size;
  const succeeded = sizeOfRanges(fan.succeeded);
  const failed = sizeOfRanges(fan.failed);
  const skipped = sizeOfRanges(fan.skipped) + sizeOfRanges(fan.cancelled);
  counts.succeeded += succeeded;
  counts.failed += failed;
  counts.skipped += skipped;
  counts[state.finished ? 'skipped' : 'pending'] += fan.count - fan.live.size - succeeded - failed - skipped;
  if (fan.inner) countInner(counts, fan.inner);
}

function countInner(counts: Counts, { succeeded, failed, skipped }: InnerCounts): void {
  counts.total += succeeded + failed + skipped;
  counts.succeeded += succeeded;
  counts.failed += failed;
  counts.skipped += skipped;
}
