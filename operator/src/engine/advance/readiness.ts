import type { HookEvent } from '../../api/index.ts';
import type { PlannedTask } from '../plan/plan.ts';
import { isTerminal, type Unit } from '../state/state.ts';
import type { Frame } from '../state/walk.ts';

export type Readiness = 'Wait' | 'Run' | 'NeedFailed' | 'NothingFailed' | 'NotTriggered';

/** Whether a task may run, by its needs and `runIf`: the table of answers in the design, §3. */
export function readinessOf(planned: PlannedTask, frame: Frame): Readiness {
  const { needs = [], runIf = 'Succeeded' } = planned.task;
  if (planned.event) {
    return needs[0] === undefined ? 'Run' : readinessOfHook(planned.event, frame.tasks.get(needs[0])?.unit);
  }
  const ends = needs.map((name) => endOf(name, frame));
  if (ends.includes('Open')) return 'Wait';
  const blocked = ends.includes('Blocking');
  if (runIf === 'Succeeded') return blocked ? 'NeedFailed' : 'Run';
  if (runIf === 'Failed') return blocked || ends.includes('Tolerated') ? 'Run' : 'NothingFailed';
  return 'Run';
}

/** How a need has ended, as the tasks after it see it. */
function endOf(name: string, frame: Frame): 'Open' | 'Good' | 'Tolerated' | 'Blocking' {
  const unit = frame.tasks.get(name)?.unit;
  if (!unit || !isTerminal(unit)) return 'Open';
  if (unit.phase === 'Succeeded') return 'Good';
  if (unit.phase === 'Skipped') return unit.reason === 'NeedFailed' ? 'Blocking' : 'Good';
  if (unit.phase === 'Failed' && frame.plan.tasks.get(name)?.task.onFailure === 'Continue') return 'Tolerated';
  return 'Blocking';
}

/** Whether the event that a hook waits for has happened to its task. */
function readinessOfHook(event: HookEvent, unit: Unit | undefined): Readiness {
  if (!unit || unit.phase === 'Waiting' || (unit.phase === 'Backoff' && unit.attempt < 0)) return 'Wait';
  const isOver = isTerminal(unit);
  const hasRun =
    unit.phase !== 'Skipped' && (unit.startedAt !== undefined || unit.phase === 'Failed' || unit.phase === 'Succeeded');
  if (event === 'Started') return hasRun ? 'Run' : 'NotTriggered';
  if (!isOver) return 'Wait';
  const happened = event === 'Finished' ? unit.phase === 'Succeeded' || unit.phase === 'Failed' : unit.phase === event;
  return happened ? 'Run' : 'NotTriggered';
}
