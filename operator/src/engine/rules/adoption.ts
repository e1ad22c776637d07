import type { AttemptObject, AttemptObservation } from '../../api/index.ts';
import { findUnit, type Pass } from '../advance/pass.ts';
import { readinessOf } from '../advance/readiness.ts';
import type { PlannedTask } from '../plan/plan.ts';
import { locate } from '../state/locate.ts';
import { attemptKey, parseAttemptKey, parseSegments } from '../state/paths.ts';
import { isLive, isTerminal } from '../state/state.ts';
import { type Frame, frameIn, type Place, placeOf } from '../state/walk.ts';

/** An attempt that exists and that the state does not know. */
interface Unknown {
  readonly path: string;
  readonly index: number;
  readonly attempt: number;
}

/**
 * An attempt that exists and that the state does not know was created just before a crash: it is recorded as adopted,
 * then judged like any other. One that can never be the next attempt is cancelled. Only what could have been started is
 * adopted: its needs are met, nothing of its unit is under way, the run is neither paused nor stopped, and it is made by
 * the executor of its task.
 *
 * Items are adopted in their order, and none before all below it have begun: those that are not seen yet would count as
 * over. What has to wait is started in its turn, which finds it made already.
 */
export function adoption(pass: Pass): void {
  const unknown: Unknown[] = [];
  for (const [key, observation] of pass.observed.attempts) {
    if (!EXISTING.has(observation.phase)) continue;
    const found = unknownOf(pass, key);
    if (found) unknown.push(found);
  }
  unknown.sort((a, b) => a.index - b.index);
  for (const each of unknown) {
    if (!pass.room()) return;
    adopt(pass, each);
  }
}

const EXISTING: ReadonlySet<AttemptObservation['phase']> = new Set(['Pending', 'Running', 'Succeeded', 'Failed']);

function unknownOf(pass: Pass, key: string): Unknown | undefined {
  const { path, attempt } = parseAttemptKey(key);
  const unit = findUnit(pass.state, path);
  const [first] = parseSegments(path);
  if (!pass.plan.tasks.has(first?.name ?? '') || attempt <= (unit?.attempt ?? -1) || isOver(pass, path))
    return undefined;
  return { path, index: lastOf(path)?.index ?? 0, attempt };
}

function adopt(pass: Pass, { path, attempt }: Unknown): void {
  const place = placeOf(pass.plan, pass.state, path);
  const isNext = attempt === (place?.unit.attempt ?? -1) + 1;
  const made = pass.observed.objects?.get(attemptKey(path, attempt));
  const turn = place ? turnOfKnown(place, made) : turnOfUnknown(pass, path, made);
  const isWaiting = isNext && turn !== 'None' && !isStopping(pass);
  if (isWaiting && turn === 'Next' && pass.mayOpen() && pass.observed.desiredState === 'Running') {
    return pass.emit({ type: 'Started', path, attempt, adopted: true });
  }
  if (isWaiting) return;
  const task = place?.planned.task ?? { name: path };
  pass.act({ type: 'Cancel', path, attempt, task, backend: place?.planned.backend ?? 'Pod' });
}

/** The last step of a path, if it is a task or an item. */
function lastOf(path: string): { readonly name: string; readonly index?: number } | undefined {
  const last = parseSegments(path).at(-1);
  return last?.name === undefined ? undefined : last;
}

type Turn = 'Next' | 'Later' | 'None';

/** Whether what exists is made by the executor of a task; a request over HTTP may be made by a pod. */
function isMadeFor({ backend }: PlannedTask, made: AttemptObject | undefined): boolean {
  if (backend === undefined) return false;
  return made === undefined || made.backend === backend || (made.backend === 'Pod' && backend === 'Http');
}

/** Whether a unit may have its next attempt. While one may be running it has none: its end is recorded first. */
function turnOfKnown({ planned, unit }: Place, made: AttemptObject | undefined): Turn {
  if (unit.loop || !isMadeFor(planned, made)) return 'None';
  return isLive(unit) ? 'Later' : 'Next';
}

/** Whether a unit to which nothing has happened may have an attempt: now, once something around it has begun, or never. */
function turnOfUnknown(pass: Pass, path: string, made: AttemptObject | undefined): Turn {
  const slash = path.lastIndexOf('/');
  const segment = lastOf(path);
  const around = slash < 0 ? undefined : placeOf(pass.plan, pass.state, path.slice(0, slash));
  if (slash >= 0 && (!around || !segment)) return 'Later';
  const frame = around ? frameIn(pass.plan, around) : pass.root;
  if (!frame) return 'Later';
  const planned = frame.plan.tasks.get(segment?.name ?? '');
  if (!planned || planned.task.loop || !isMadeFor(planned, made)) return 'None';
  return turnIn(pass, frame, planned, segment?.index);
}

function turnIn(pass: Pass, frame: Frame, planned: PlannedTask, index: number | undefined): Turn {
  const isAfter = planned.role === 'Undo' || planned.role === 'Final';
  if (isAfter && !pass.state.result) return 'Later';
  // The tasks have ended: what was started for them without a record is none of them any more.
  if (!isAfter && frame.path === '' && pass.state.result) return 'None';
  const fan = frame.tasks.get(planned.task.name)?.fan;
  // A task that became a fan-out has no attempt of its own.
  if (index === undefined) return fan ? 'None' : turnByNeeds(planned, frame);
  if (!fan) return planned.task.forEach ? 'Later' : 'None';
  if (index >= fan.count) return 'None';
  return index <= fan.next ? 'Next' : 'Later';
}

/** Undo has its turn by itself; every other task when its needs are met. */
function turnByNeeds(planned: PlannedTask, frame: Frame): Turn {
  if (planned.role === 'Undo') return 'Next';
  const readiness = readinessOf(planned, frame);
  if (readiness === 'Run') return 'Next';
  return readiness === 'Wait' ? 'Later' : 'None';
}

/** Nothing has a turn any more. */
const isStopping = ({ state, observed }: Pass): boolean =>
  state.stop !== undefined || observed.desiredState === 'Cancelled' || observed.desiredState === 'Terminated';

/** Whether the unit of a path has ended: then whatever exists by its name is history. */
function isOver(pass: Pass, path: string): boolean {
  const found = locate(pass.state, path);
  if (typeof found === 'string') return found === 'Over';
  return isTerminal(found.unit) || isTerminal(found.task.unit);
}
