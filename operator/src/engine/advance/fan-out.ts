import { causeWithin, MAX_ITEMS } from '../../api/index.ts';
import { itemsOf, taskBindings, unitBindings } from '../bindings/unit-bindings.ts';
import type { PlannedTask } from '../plan/plan.ts';
import { formatPath } from '../state/paths.ts';
import { firstOutside, sizeOfRanges } from '../state/ranges.ts';
import { type Fan, isTerminal, MAX_MESSAGE_LENGTH, newUnit, type TaskState, type Unit } from '../state/state.ts';
import { causeOfItems, type Frame, type Place } from '../state/walk.ts';
import { failureText, firstTold } from '../state/words.ts';
import { repeatedKey } from '../values/items.ts';
import { advanceOpen } from './advance.ts';
import type { Pass } from './pass.ts';
import { failForExpression, isWhenTrue, type StartResult, startUnit } from './start.ts';

/**
 * Makes a task with `forEach` as many units as it has items.
 * @throws ExpressionError when the items cannot be evaluated
 */
export function expand(pass: Pass, frame: Frame, planned: PlannedTask): void {
  const path = formatPath(frame.path, planned.task.name);
  const items = itemsOf(pass, frame, planned);
  const { forEach = {} } = planned.task;
  const fail = (reason: string, message: string) => pass.emit({ type: 'Failed', path, failure: { reason, message } });
  if (items.length > MAX_ITEMS) {
    return fail('TooManyItems', `forEach has ${items.length} items; at most ${MAX_ITEMS} are allowed`);
  }
  const key = repeatedKey(forEach, items, taskBindings(pass, frame, planned));
  if (key !== undefined)
    return fail('RepeatedKey', `two items have the key ${JSON.stringify(key)}; keys must be unique`);
  pass.emit({ type: 'Expanded', path, count: items.length });
}

/** Starts the next items of a fan-out within its parallelism, and ends it when the last item has ended. */
export function advanceFanOut(pass: Pass, frame: Frame, planned: PlannedTask, task: TaskState): void {
  const { fan } = task;
  if (!fan || isTerminal(task.unit)) return;
  const hurried = () => causeOfItems(planned, task) !== undefined;
  for (const [index, unit] of [...fan.live]) {
    if (unit.phase === 'Open' && !hurried() && pass.room()) advanceOpen(pass, placeOfItem(frame, planned, index, unit));
  }
  if (!startItems({ pass, frame, planned, fan, hurried })) return;
  if ((nextItem(fan) >= fan.count || hurried()) && fan.live.size === 0) return finish(pass, frame, planned, fan);
  // A failure that has come just now: what it ends has its turn at once.
  if (pass.itemFailed && hurried()) pass.cut = true;
}

interface Items {
  readonly pass: Pass;
  readonly frame: Frame;
  readonly planned: PlannedTask;
  readonly fan: Fan;
  /** Whether the failure of one ends all. */
  readonly hurried: () => boolean;
}

/**
 * Starts items in their order, those first that could not start before. After one that cannot start only those have a
 * turn that are known to be refused as well: they hold a place, and all of them wait at once.
 * @returns whether the pass had room for it
 */
function startItems(items: Items): boolean {
  const { pass, hurried } = items;
  let refused = false;
  for (const place of itemsInTurn(items)) {
    const isKnown = pass.observation(place.path, 0)?.phase === 'Refused';
    if (refused && !isKnown && place.unit.held) continue;
    if ((refused && !isKnown) || hurried()) return true;
    if (!pass.room()) return false;
    const isHeld = place.unit.held !== undefined;
    const result = isHeld ? startItem(pass, place) : advanceItem(pass, place);
    // It held a place, and the rule of retries, which may give that to another item, has had its turn.
    if (isHeld && result === 'Over') pass.cut = true;
    refused ||= result === 'Refused';
  }
  return true;
}

/** Those that could not start before, then those that may begin; none twice. */
function* itemsInTurn({ pass, frame, planned, fan }: Items): Generator<Place> {
  for (const [index, unit] of [...fan.live]) {
    if (unit.phase === 'Waiting') yield placeOfItem(frame, planned, index, unit);
  }
  let last = -1;
  while (nextItem(fan) < fan.count && nextItem(fan) !== last && mayStartItem(pass, planned, fan)) {
    last = nextItem(fan);
    yield placeOfItem(frame, planned, last, newUnit());
  }
}

/** The next item to begin with; those that an earlier run has done are passed over. */
function nextItem(fan: Fan): number {
  return firstOutside(fan.next, [fan.succeeded, fan.skipped]);
}

function placeOfItem(frame: Frame, planned: PlannedTask, index: number, unit: Unit): Place {
  const path = formatPath(frame.path, planned.task.name, index);
  return { frame, planned, path, index, loop: undefined, unit, cause: undefined };
}

function mayStartItem(pass: Pass, planned: PlannedTask, fan: Fan): boolean {
  return pass.mayBegin(planned) && fan.live.size < widthOf(planned) + MAX_WAITING_ITEMS && hasRoom(planned, fan);
}

/** Whether one more item may be under way, a new one or one that waited to be tried again. */
export function hasRoom(planned: PlannedTask, fan: Fan): boolean {
  return busyItems(fan) < widthOf(planned);
}

const widthOf = ({ task, backend }: PlannedTask): number =>
  Math.min(task.forEach?.parallelism ?? (backend === 'Signal' ? MAX_ASKED_ITEMS : MAX_OPEN_ITEMS), MAX_OPEN_ITEMS);

/** Items in backoff do not hold a place, but there is an end to how many the state keeps open. */
const MAX_WAITING_ITEMS = 1000;
/** Templates, loops and sleeps cost no attempt, but each costs bytes of the state. */
const MAX_OPEN_ITEMS = 1000;
/** Each item that asks people is an object of the API server. */
const MAX_ASKED_ITEMS = 100;

function busyItems(fan: Fan): number {
  let busy = 0;
  for (const unit of fan.live.values()) if (unit.phase !== 'Backoff') busy++;
  return busy;
}

function advanceItem(pass: Pass, place: Place): StartResult {
  const { task, whenPerItem } = place.planned;
  try {
    const skip = task.when !== undefined && whenPerItem && !isWhenTrue(task.when, unitBindings(pass, place));
    if (!skip) return startItem(pass, place);
    pass.emit({ type: 'Skipped', path: place.path, reason: 'WhenFalse' });
  } catch (error) {
    return failForExpression(pass, place.path, error);
  }
  return 'Over';
}

/** A template begins in the pass that opens it: nothing would ask for another one. */
function startItem(pass: Pass, place: Place): StartResult {
  const { frame, planned, index = 0 } = place;
  const result = startUnit(pass, place);
  const unit = frame.tasks.get(planned.task.name)?.fan?.live.get(index);
  if (unit) advanceOpen(pass, { ...place, unit });
  return result;
}

function finish(pass: Pass, frame: Frame, planned: PlannedTask, fan: Fan): void {
  const { name } = planned.task;
  const path = formatPath(frame.path, name);
  const failed = sizeOfRanges(fan.failed);
  if (failed === 0) return pass.emit({ type: 'Succeeded', path });
  const first = firstTold([...fan.kept].filter(([, unit]) => unit.phase === 'Failed'));
  const example = first ? `; the first: ${failureText(formatPath('', name, first[0]), first[1])}` : '';
  const message = causeWithin(`${failed} of ${fan.count} items failed${example}`, MAX_MESSAGE_LENGTH);
  pass.emit({ type: 'Failed', path, failure: { reason: 'ItemsFailed', message } });
}
