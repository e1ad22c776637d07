import type { AttemptObservation } from '../../api/index.ts';
import { locate } from '../locate.ts';
import { findUnit, type Pass } from '../pass.ts';
import { parseAttemptKey, parseSegments } from '../paths.ts';
import { isTerminal } from '../state.ts';
import { type Frame, frameIn, placeOf } from '../walk.ts';

/** An attempt that exists and that the state does not know. */
interface Unknown {
  readonly path: string;
  readonly index: number;
  readonly attempt: number;
}

/**
 * An attempt that exists and that the state does not know was created just before a crash: it is recorded as adopted,
 * then judged like any other. One that can never be the next attempt is cancelled.
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
  const turn = place ? turnOf(place.planned.sort !== undefined && !place.unit.loop) : turnOfUnknown(pass, path);
  if (isNext && turn === 'Next') return pass.emit({ type: 'Started', path, attempt, adopted: true });
  if (isNext && turn === 'Later' && !isStopping(pass)) return;
  const task = place?.planned.task ?? { name: path };
  pass.act({ type: 'Cancel', path, attempt, task, sort: place?.planned.sort ?? 'Pod' });
}

/** The last step of a path, if it is a task or an item. */
function lastOf(path: string): { readonly name: string; readonly index?: number } | undefined {
  const last = parseSegments(path).at(-1);
  return last?.name === undefined ? undefined : last;
}

type Turn = 'Next' | 'Later' | 'None';

const turnOf = (hasAttempts: boolean): Turn => (hasAttempts ? 'Next' : 'None');

/** Whether a unit to which nothing has happened may have an attempt: now, once something around it has begun, or never. */
function turnOfUnknown(pass: Pass, path: string): Turn {
  const slash = path.lastIndexOf('/');
  const segment = lastOf(path);
  const around = slash < 0 ? undefined : placeOf(pass.plan, pass.state, path.slice(0, slash));
  if (slash >= 0 && (!around || !segment)) return 'Later';
  const frame = around ? frameIn(pass.plan, around) : pass.root;
  return frame ? turnIn(pass, frame, segment?.name ?? '', segment?.index) : 'Later';
}

function turnIn(pass: Pass, frame: Frame, name: string, index: number | undefined): Turn {
  const planned = frame.plan.tasks.get(name);
  if (!planned || planned.sort === undefined || planned.task.loop) return 'None';
  const isAfter = planned.role === 'Undo' || planned.role === 'Final';
  if (isAfter && !pass.state.result) return 'Later';
  // The tasks have ended: what was started for them without a record is none of them any more.
  if (!isAfter && frame.path === '' && pass.state.result) return 'None';
  const fan = frame.tasks.get(name)?.fan;
  // A task that became a fan-out has no attempt of its own.
  if (index === undefined) return turnOf(!fan);
  if (!fan) return planned.task.forEach ? 'Later' : 'None';
  if (index >= fan.count) return 'None';
  return index <= fan.next ? 'Next' : 'Later';
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
