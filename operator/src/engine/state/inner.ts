import { sizeOfRanges } from './ranges.ts';
import { type InnerCounts, isTerminal, type ScopeState, type TaskState, type Unit } from './state.ts';

export function sumInner(a: InnerCounts | undefined, b: InnerCounts): InnerCounts {
  if (!a) return { ...b };
  return { succeeded: a.succeeded + b.succeeded, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** How the tasks of a scope have ended, those inside of them included. What never ran counts as skipped. */
export function innerOf({ tasks }: ScopeState): InnerCounts {
  let counts: InnerCounts = { succeeded: 0, failed: 0, skipped: 0 };
  for (const task of tasks.values()) counts = sumInner(counts, innerOfTask(task));
  return counts;
}

function innerOfTask({ unit, fan }: TaskState): InnerCounts {
  if (!fan) return sumInner(unit.inner, outcomeOf(unit));
  const items = {
    succeeded: sizeOfRanges(fan.succeeded),
    failed: sizeOfRanges(fan.failed),
    skipped: fan.count - sizeOfRanges(fan.succeeded) - sizeOfRanges(fan.failed),
  };
  return sumInner(fan.inner, items);
}

function outcomeOf(unit: Unit): InnerCounts {
  const phase = isTerminal(unit) ? unit.phase : 'Skipped';
  return {
    succeeded: phase === 'Succeeded' ? 1 : 0,
    failed: phase === 'Failed' ? 1 : 0,
    skipped: phase === 'Skipped' || phase === 'Cancelled' ? 1 : 0,
  };
}
