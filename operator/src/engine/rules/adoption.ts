import type { AttemptObservation } from '../../api/index.ts';
import { findUnit, type Pass } from '../pass.ts';
import { parseAttemptKey, parsePath } from '../paths.ts';
import { isTerminal } from '../state.ts';

/** An attempt that exists and that the state does not know. */
interface Unknown {
  readonly path: string;
  readonly task: string;
  readonly index: number | undefined;
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
  unknown.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
  for (const each of unknown) {
    if (!pass.room()) return;
    adopt(pass, each);
  }
}

const EXISTING: ReadonlySet<AttemptObservation['phase']> = new Set(['Pending', 'Running', 'Succeeded', 'Failed']);

function unknownOf(pass: Pass, key: string): Unknown | undefined {
  const { path, attempt } = parseAttemptKey(key);
  const { task, index } = parsePath(path);
  const newest = findUnit(pass.state, path)?.attempt ?? -1;
  if (!pass.plan.tasks.has(task) || attempt <= newest || isOver(pass, path)) return undefined;
  return { path, task, index, attempt };
}

function adopt(pass: Pass, { path, task, index, attempt }: Unknown): void {
  const isNext = attempt === (findUnit(pass.state, path)?.attempt ?? -1) + 1;
  const place = index === undefined ? placeOfTask(pass, task) : placeOfItem(pass, task, index);
  if (isNext && place === 'Next') return pass.emit({ type: 'Started', path, attempt, adopted: true });
  if (isNext && place === 'Later' && !isStopping(pass)) return;
  pass.act({ type: 'Cancel', path, task, attempt });
}

type Place = 'Next' | 'Later' | 'None';

/** A task that became a fan-out has no pod of its own. */
const placeOfTask = (pass: Pass, name: string): Place => (pass.state.tasks.get(name)?.fan ? 'None' : 'Next');

function placeOfItem(pass: Pass, name: string, index: number): Place {
  const fan = pass.state.tasks.get(name)?.fan;
  if (!fan) return pass.plan.tasks.get(name)?.task.forEach ? 'Later' : 'None';
  if (index >= fan.count) return 'None';
  return index <= fan.next ? 'Next' : 'Later';
}

/** Nothing has a turn any more. */
const isStopping = ({ state, observed }: Pass): boolean =>
  state.stop !== undefined || observed.desiredState === 'Cancelled' || observed.desiredState === 'Terminated';

/** Whether the unit of a path has ended: then whatever exists by its name is history. */
function isOver(pass: Pass, path: string): boolean {
  const { task: name, index } = parsePath(path);
  const task = pass.state.tasks.get(name);
  if (!task) return false;
  if (isTerminal(task.unit)) return true;
  return index !== undefined && task.fan !== undefined && index < task.fan.next && !task.fan.live.has(index);
}
