import { causeWithin, type Json, type Outputs } from '../../api/index.ts';
import { runBindings, tasksRead } from '../bindings/bindings.ts';
import { taskBindings } from '../bindings/unit-bindings.ts';
import type { PlannedTask, Role } from '../plan/plan.ts';
import { formatPath } from '../state/paths.ts';
import { isTerminal, MAX_MESSAGE_LENGTH, type Unit } from '../state/state.ts';
import { type Frame, frameIn, type Place } from '../state/walk.ts';
import { failureText, firstTold } from '../state/words.ts';
import { finishWith } from './compute.ts';
import { advanceFanOut, expand } from './fan-out.ts';
import { advanceLoop } from './loop.ts';
import type { Pass } from './pass.ts';
import { readinessOf } from './readiness.ts';
import { failForExpression, isWhenTrue, startUnit } from './start.ts';
import { succeed } from './success.ts';

/** Advances every task of a graph that has its turn; tasks come after their needs, so one walk is enough. */
export function advanceScope(pass: Pass, frame: Frame): void {
  for (const name of frame.plan.order) {
    const planned = frame.plan.tasks.get(name);
    if (!planned || !hasTurn(pass, frame, planned.role)) continue;
    const task = frame.tasks.get(name);
    if (task && isTerminal(task.unit)) continue;
    if (!pass.room()) return;
    advanceTask(pass, frame, planned);
  }
}

function advanceTask(pass: Pass, frame: Frame, planned: PlannedTask): void {
  const { name } = planned.task;
  const phase = frame.tasks.get(name)?.unit.phase ?? 'Waiting';
  if (phase === 'Waiting' && pass.mayOpen()) begin(pass, frame, planned);
  const task = frame.tasks.get(name);
  if (task?.fan) return advanceFanOut(pass, frame, planned, task);
  if (task) advanceOpen(pass, placeOfTask(frame, planned, task.unit));
}

/** Undo has its turn by itself, one task after another; finally when the result of all others is fixed. */
function hasTurn(pass: Pass, frame: Frame, role: Role): boolean {
  if (role === 'Undo') return false;
  const { result } = pass.state;
  if (frame.path !== '' || !result) return role !== 'Final';
  return role === 'Final' && !pass.isUndoing;
}

export function placeOfTask(frame: Frame, planned: PlannedTask, unit: Unit): Place {
  const path = formatPath(frame.path, planned.task.name);
  return { frame, planned, path, index: undefined, loop: undefined, unit, cause: undefined };
}

function begin(pass: Pass, frame: Frame, planned: PlannedTask): void {
  const { task, whenPerItem } = planned;
  const path = formatPath(frame.path, task.name);
  const readiness = readinessOf(planned, frame);
  if (readiness === 'Wait') return;
  if (readiness !== 'Run') return pass.emit({ type: 'Skipped', path, reason: readiness });
  try {
    const skip = task.when !== undefined && !whenPerItem && !isWhenTrue(task.when, taskBindings(pass, frame, planned));
    if (skip) return pass.emit({ type: 'Skipped', path, reason: 'WhenFalse' });
    if (task.forEach) return expand(pass, frame, planned);
  } catch (error) {
    failForExpression(pass, path, error);
    return;
  }
  startUnit(pass, placeOfTask(frame, planned, frame.tasks.get(task.name)?.unit ?? WAITING));
}

/** A task that nothing has happened to. It is never changed: events make the unit that the state keeps. */
const WAITING: Unit = Object.freeze({ phase: 'Waiting', attempt: -1, retries: 0, infra: 0 });

/** Advances what is inside of a unit that is open, and ends it when all of that has ended. */
export function advanceOpen(pass: Pass, place: Place): void {
  if (place.unit.phase !== 'Open') return;
  if (place.unit.loop) return advanceLoop(pass, place);
  const frame = frameIn(pass.plan, place);
  if (!frame) return;
  advanceScope(pass, frame);
  if (hasEnded(frame)) finish(pass, place, frame);
}

const hasEnded = ({ plan, tasks }: Frame): boolean =>
  plan.order.every((name) => {
    const task = tasks.get(name);
    return task !== undefined && isTerminal(task.unit);
  });

function finish(pass: Pass, place: Place, frame: Frame): void {
  const { path, planned } = place;
  const failed = failuresIn(frame);
  if (failed.length > 0) {
    return pass.emit({
      type: 'Failed',
      path,
      failure: { reason: 'TasksFailed', message: describeFailures(frame, failed) },
    });
  }
  try {
    if (planned.action === 'generate') return succeed(pass, place, outputsInside(pass, frame));
    const { plan, params } = frame;
    const { identity } = pass;
    const tasks = tasksRead(frame, plan.exported, pass.data);
    const wanted = plan.outputs.map((output) => ({ ...output, type: output.type ?? ('String' as const) }));
    finishWith(pass, place, wanted, { params, tasks, run: runBindings(identity), types: plan.types });
  } catch (error) {
    failForExpression(pass, path, error);
  }
}

/** What generated tasks handed on, by name. */
function outputsInside(pass: Pass, frame: Frame): Outputs {
  const outputs = Object.entries(tasksRead(frame, frame.plan.order, pass.data));
  const values = outputs.map(([name, task]) => [name, task.outputs] as const);
  return Object.fromEntries(values.filter(([, value]) => isWorthHandingOn(value)));
}

/** An empty list is: it is what a fan-out without items hands on. */
const isWorthHandingOn = (outputs: Json): boolean => Array.isArray(outputs) || Object.keys(outputs ?? {}).length > 0;

/** The tasks of a graph whose failure is a failure of the graph. */
export function failuresIn({ plan, tasks }: Frame, roles: readonly Role[] = ['Main']): string[] {
  return plan.order.filter((name) => {
    const planned = plan.tasks.get(name);
    const isMeant = planned !== undefined && roles.includes(planned.role) && planned.task.onFailure !== 'Continue';
    return isMeant && tasks.get(name)?.unit.phase === 'Failed';
  });
}

export function describeFailures({ tasks }: Frame, failed: readonly string[]): string {
  const [name, unit] = firstTold(failed.map((each) => [each, tasks.get(each)?.unit] as const)) ?? [];
  const more = failed.length > 1 ? `; ${failed.length - 1} more failed` : '';
  return causeWithin(`${failureText(`task ${name}`, unit)}${more}`, MAX_MESSAGE_LENGTH);
}
