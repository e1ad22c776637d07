import type { Pass } from '../advance/pass.ts';
import { formatPath } from '../state/paths.ts';
import { isComposite, isLive, isTerminal, type TaskState, type Unit } from '../state/state.ts';
import { type Cause, causeInside, causeOfItems, type Frame, frameIn, type Place } from '../state/walk.ts';

/** Terminated leaves no time for SIGTERM handlers: one second is the least that a node takes. */
const TERMINATE_GRACE_SECONDS = 1;

/**
 * Ends what must end. Cancels are repeated in every pass until the attempt is seen to have ended, so a lost delete is
 * no lost cancel; a terminated run does not wait for that.
 */
export function stopping(pass: Pass): void {
  pass.itemFailed = false;
  for (const place of pass.places()) {
    if (!pass.room()) return;
    const { unit, cause, path } = place;
    // Nobody has to end what only waits for people.
    if (isLive(unit) && cause && place.planned.backend === 'Signal') {
      pass.emit({ type: 'Cancelled', path, reason: cause.reason });
      continue;
    }
    if (isLive(unit) && (cause || unit.phase === 'Stopping')) cancel(pass, place);
    if (cause && waits(place)) pass.emit({ type: 'Cancelled', path, reason: cause.reason });
  }
  endInside(pass, pass.root, pass.cause);
}

/** Whether a unit that nothing has to end is under way. Of those that could not start yet only items are kept open. */
function waits({ unit, index, loop }: Place): boolean {
  if (unit.phase === 'Waiting') return index !== undefined && !loop;
  return unit.phase === 'Backoff' || (unit.phase === 'Open' && !isComposite(unit));
}

function cancel(pass: Pass, { path, planned, unit }: Place): void {
  const { task, backend = 'Pod' } = planned;
  const action = { type: 'Cancel', path, attempt: unit.attempt, task, backend } as const;
  if (pass.state.stop?.reason !== 'Terminated') {
    if (!isNews(pass, path)) return pass.act(action);
    pass.cut = true;
    return;
  }
  pass.act({ ...action, graceSeconds: TERMINATE_GRACE_SECONDS });
  pass.emit({ type: 'Cancelled', path, reason: 'Terminated' });
}

/**
 * Whether a unit is to stop by an order of this pass, which is not stored yet. Nobody is told of an order that a crash
 * would forget: what ended because of it would look as if something else had ended it.
 */
function isNews(pass: Pass, path: string): boolean {
  // A status that is too large to be stored becomes smaller only by what is carried out.
  if (pass.observed.overBudget) return false;
  return pass.events.some(
    (event) =>
      event.type === 'RunStopping' ||
      (event.type === 'Stopping' && (event.path === path || path.startsWith(`${event.path}/`))),
  );
}

/** Ends what consists of others once nothing inside of it is under way, from the inside out. */
function endInside(pass: Pass, frame: Frame, cause: Cause | undefined): void {
  for (const [name, task] of frame.tasks) {
    const planned = frame.plan.tasks.get(name);
    if (!planned) continue;
    const path = formatPath(frame.path, name);
    const place = { frame, planned, loop: undefined };
    if (!task.fan) {
      endUnit(pass, { ...place, path, index: undefined, unit: task.unit, cause });
      continue;
    }
    const hurried = causeOfItems(planned, task, cause);
    for (const [index, unit] of [...task.fan.live]) {
      endUnit(pass, { ...place, path: `${path}[${index}]`, index, unit, cause: hurried });
    }
    if (cause && !isTerminal(task.unit) && task.fan.live.size === 0) {
      pass.emit({ type: 'Cancelled', path, reason: cause.reason });
    }
  }
}

function endUnit(pass: Pass, place: Place): void {
  const { unit, cause, path } = place;
  if (!isComposite(unit)) return;
  const { loop } = unit;
  const inner = causeInside(place);
  if (loop) endUnit(pass, { ...place, path: `${path}/${loop.index}`, loop, unit: loop.unit, cause: inner });
  const frame = frameIn(pass.plan, place);
  if (frame) endInside(pass, frame, inner);
  if (!inner || isBusyInside(unit)) return;
  if (cause) return pass.emit({ type: 'Cancelled', path, reason: cause.reason });
  pass.emit({ type: 'Failed', path, failure: { reason: unit.reason ?? '', message: unit.message ?? '' } });
}

/** Whether anything inside of a unit is under way. */
function isBusyInside({ loop, scope }: Unit): boolean {
  if (loop && isBusy(loop.unit)) return true;
  return scope !== undefined && [...scope.tasks.values()].some(isTaskBusy);
}

const isBusy = (unit: Unit): boolean => unit.phase !== 'Waiting' && !isTerminal(unit);

function isTaskBusy({ unit, fan }: TaskState): boolean {
  return fan ? fan.live.size > 0 : isBusy(unit);
}
