import { evaluateBoolean } from '../expression/index.ts';
import type { Pass } from '../pass.ts';
import type { Plan, PlannedTask } from '../plan.ts';
import { failForExpression, startUnit, unitBindings } from '../start.ts';
import { isTerminal, type RunState } from '../state.ts';
import { advanceFanOut, expand } from './fan-out.ts';

/** Starts, skips or expands every task whose needs have ended; tasks come after their needs, so one walk is enough. */
export function readyTasks(pass: Pass): void {
  if (pass.state.stop) return;
  for (const name of pass.plan.order) {
    const planned = pass.plan.tasks.get(name);
    const task = pass.state.tasks.get(name);
    if (!planned || (task && isTerminal(task.unit))) continue;
    if (!pass.room()) return;
    if (pass.state.desired === 'Running' && (!task || task.unit.phase === 'Waiting')) advance(pass, planned);
    advanceFanOut(pass, planned);
  }
}

function advance(pass: Pass, planned: PlannedTask): void {
  const { task, whenPerItem } = planned;
  const readiness = readinessOf(planned, pass.plan, pass.state);
  if (readiness === 'Wait') return;
  if (readiness !== 'Run') return pass.emit({ type: 'Skipped', path: task.name, reason: readiness });
  try {
    const skip = task.when !== undefined && !whenPerItem && !evaluateBoolean(task.when, unitBindings(pass, planned));
    if (skip) return pass.emit({ type: 'Skipped', path: task.name, reason: 'WhenFalse' });
    if (task.forEach) return expand(pass, planned);
  } catch (error) {
    return failForExpression(pass, task.name, error);
  }
  if (pass.mayStart()) startUnit(pass, planned);
}

export type Readiness = 'Wait' | 'Run' | 'NeedFailed' | 'NothingFailed';

/** Whether a task may run, by its needs and `runIf`: the table of answers in the design, §3. */
export function readinessOf(planned: PlannedTask, plan: Plan, state: RunState): Readiness {
  const { needs = [], runIf = 'Succeeded' } = planned.task;
  const ends = needs.map((name) => endOf(name, plan, state));
  if (ends.includes('Open')) return 'Wait';
  const blocked = ends.includes('Blocking');
  if (runIf === 'Succeeded') return blocked ? 'NeedFailed' : 'Run';
  if (runIf === 'Failed') return blocked || ends.includes('Tolerated') ? 'Run' : 'NothingFailed';
  return 'Run';
}

/** How a need has ended, as the tasks after it see it. */
function endOf(name: string, plan: Plan, state: RunState): 'Open' | 'Good' | 'Tolerated' | 'Blocking' {
  const unit = state.tasks.get(name)?.unit;
  if (!unit || !isTerminal(unit)) return 'Open';
  if (unit.phase === 'Succeeded') return 'Good';
  if (unit.phase === 'Skipped') return unit.reason === 'NeedFailed' ? 'Blocking' : 'Good';
  if (unit.phase === 'Failed' && plan.tasks.get(name)?.task.onFailure === 'Continue') return 'Tolerated';
  return 'Blocking';
}
