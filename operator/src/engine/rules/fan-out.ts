import { evaluateBoolean } from '../expression/index.ts';
import type { Pass } from '../pass.ts';
import { formatPath } from '../paths.ts';
import type { PlannedTask } from '../plan.ts';
import { sizeOfRanges } from '../ranges.ts';
import { failForExpression, itemsOf, MAX_ITEMS, startUnit, unitBindings } from '../start.ts';
import { type Fan, isLive, isTerminal } from '../state.ts';

/**
 * Makes a task with `forEach` as many units as it has items.
 * @throws ExpressionError when the items cannot be evaluated
 */
export function expand(pass: Pass, planned: PlannedTask): void {
  const { name } = planned.task;
  const count = itemsOf(pass, planned).length;
  if (count <= MAX_ITEMS) return pass.emit({ type: 'Expanded', path: name, count });
  const message = `forEach has ${count} items; at most ${MAX_ITEMS} are allowed`;
  pass.emit({ type: 'Failed', path: name, failure: { reason: 'TooManyItems', message } });
}

/** Starts the next items of a fan-out within its parallelism, and ends it when the last item has ended. */
export function advanceFanOut(pass: Pass, planned: PlannedTask): void {
  const task = pass.state.tasks.get(planned.task.name);
  if (!task?.fan || isTerminal(task.unit)) return;
  const { fan } = task;
  let refused = false;
  while (!refused && fan.next < fan.count && mayStartItem(pass, planned, fan)) {
    if (!pass.room()) return;
    refused = advanceItem(pass, planned, fan.next) === 'Refused';
  }
  if (fan.next === fan.count && fan.live.size === 0) finish(pass, planned.task.name, fan);
}

function mayStartItem(pass: Pass, planned: PlannedTask, fan: Fan): boolean {
  const limit = planned.task.forEach?.parallelism ?? Number.POSITIVE_INFINITY;
  if (!pass.mayStart() || fan.live.size >= limit + MAX_WAITING_ITEMS) return false;
  return liveItems(fan) < limit;
}

/** Items in backoff do not hold a place, but there is an end to how many the state keeps open. */
const MAX_WAITING_ITEMS = 1000;

function liveItems(fan: Fan): number {
  let live = 0;
  for (const unit of fan.live.values()) if (isLive(unit)) live++;
  return live;
}

function advanceItem(pass: Pass, planned: PlannedTask, index: number): 'Started' | 'Refused' | 'Over' {
  const path = formatPath(planned.task.name, index);
  const { when } = planned.task;
  try {
    const skip =
      when !== undefined && planned.whenPerItem && !evaluateBoolean(when, unitBindings(pass, planned, index));
    if (!skip) return startUnit(pass, planned, index);
    pass.emit({ type: 'Skipped', path, reason: 'WhenFalse' });
  } catch (error) {
    failForExpression(pass, path, error);
  }
  return 'Over';
}

function finish(pass: Pass, name: string, fan: Fan): void {
  const failed = sizeOfRanges(fan.failed);
  if (failed === 0) return pass.emit({ type: 'Succeeded', path: name });
  const first = [...fan.kept].find(([, unit]) => unit.phase === 'Failed');
  const example = first
    ? `; the first: ${formatPath(name, first[0])}: ${first[1].reason}: ${first[1].message ?? ''}`
    : '';
  const message = `${failed} of ${fan.count} items failed${example}`.slice(0, 512);
  pass.emit({ type: 'Failed', path: name, failure: { reason: 'ItemsFailed', message } });
}
