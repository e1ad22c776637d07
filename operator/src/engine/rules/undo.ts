import { advanceOpen, placeOfTask } from '../advance/advance.ts';
import type { Pass } from '../advance/pass.ts';
import { startUnit } from '../advance/start.ts';
import { sizeOfRanges } from '../state/ranges.ts';
import { isTerminal, newUnit, type RunResult } from '../state/state.ts';

/** Names of the undo tasks that a result calls for, the latest end of what they undo first. */
export function undone({ plan, state }: Pass, phase: RunResult['phase']): string[] {
  if (phase === 'Succeeded' || !plan.definition.compensate?.includes(phase)) return [];
  const found: { name: string; end: number; place: number }[] = [];
  for (const [place, name] of plan.order.entries()) {
    const done = state.tasks.get(plan.tasks.get(name)?.undoes ?? '');
    if (!done) continue;
    const isDone = done.fan ? sizeOfRanges(done.fan.succeeded) > 0 : done.unit.phase === 'Succeeded';
    if (isDone) found.push({ name, end: done.unit.finishedAt ?? 0, place });
  }
  return found.sort((a, b) => b.end - a.end || b.place - a.place).map(({ name }) => name);
}

/** Runs undo, one task after another: each may rely on what was done before the one that it undoes. */
export function undo(pass: Pass): void {
  const { result, stop } = pass.state;
  pass.isUndoing = false;
  if (!result || stop) return;
  for (const name of undone(pass, result.phase)) {
    const planned = pass.plan.tasks.get(name);
    const before = pass.state.tasks.get(name)?.unit;
    if (!planned || (before && isTerminal(before))) continue;
    const place = placeOfTask(pass.root, planned, before ?? newUnit());
    if (place.unit.phase === 'Waiting') startUnit(pass, place);
    const unit = pass.state.tasks.get(name)?.unit;
    if (unit) advanceOpen(pass, { ...place, unit });
    if (unit && isTerminal(unit)) continue;
    pass.isUndoing = true;
    return;
  }
}
