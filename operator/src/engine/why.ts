import type { AttemptObservation, TaskPhase } from '../api/index.ts';
import type { PlannedTask } from './plan.ts';
import { isComposite, isTerminal, type RunState, type Unit } from './state.ts';
import type { Frame } from './walk.ts';

/** Why a unit is where it is, and what it waits for. */
export interface Why {
  readonly phase?: TaskPhase;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  /** Epoch milliseconds since when it waits for this. */
  readonly since?: number;
  /** Epoch milliseconds at which time alone ends the wait. */
  readonly until?: number;
}

interface Asked {
  readonly frame: Frame;
  readonly planned: PlannedTask;
  readonly path: string;
  readonly unit: Unit;
  readonly state: RunState;
  readonly seen: (path: string, attempt: number) => AttemptObservation | undefined;
}

/**
 * Why a unit is where it is, from what is seen now for live ones and from state for all others. Each unit that waits has
 * one reason of the table of reasons, and the message names who or what ends the wait.
 */
export function whyOf(asked: Asked): Why {
  const { unit, path, seen } = asked;
  if (unit.phase === 'Live') return { ...whyLive(seen(path, unit.attempt)), ...sinceOf(asked) };
  if (unit.phase === 'Waiting') return whyWaiting(asked);
  if (unit.phase === 'Open') return whyOpen(asked);
  if (unit.phase === 'Backoff') return whyBackoff(asked);
  return { reason: unit.reason, message: unit.message };
}

/** When an attempt was started, or when the last need of a task had ended. */
function sinceOf({ unit, state, frame, planned }: Asked): Pick<Why, 'since'> {
  if (unit.phase !== 'Waiting') return unit.since === undefined ? {} : { since: state.at + unit.since };
  const ends = (planned.task.needs ?? []).map((name) => frame.tasks.get(name)?.unit.finishedAt ?? 0);
  return { since: state.at + Math.max(0, ...ends) };
}

function whyLive(seen: AttemptObservation | undefined): Why {
  if (seen?.phase === 'Running') return { phase: 'Running' };
  if (seen?.phase === 'Pending') return { phase: 'Pending', reason: seen.reason, message: seen.message };
  return { phase: 'Pending' };
}

function whyOpen({ unit, state }: Asked): Why {
  if (isComposite(unit)) return whyLoops(unit, state);
  return { reason: 'Sleeping', message: 'the task sleeps', until: state.at + (unit.since ?? 0) };
}

function whyLoops({ loop }: Unit, state: RunState): Why {
  if (!loop) return {};
  const waits = loop.unit.phase === 'Waiting' && loop.due !== undefined;
  if (waits)
    return { reason: 'LoopDelay', message: `iteration ${loop.index} waits`, until: state.at + (loop.due ?? 0) };
  return { message: `iteration ${loop.index}` };
}

function whyBackoff({ unit, state, path, seen }: Asked): Why {
  const refused = seen(path, unit.attempt + 1);
  if (refused?.phase === 'Refused') return { reason: refused.reason, message: refused.message };
  return { reason: unit.reason, message: unit.message, until: state.at + (unit.since ?? 0) };
}

function whyWaiting(asked: Asked): Why {
  const { frame, planned, path, state, seen } = asked;
  if (state.finished) return { reason: 'RunStopped' };
  const refused = seen(path, 0);
  if (refused?.phase === 'Refused') return { reason: refused.reason, message: refused.message, ...sinceOf(asked) };
  if (planned.role === 'Final' && !state.result)
    return { reason: 'WaitingForTasks', message: 'runs after all other tasks' };
  const open = (planned.task.needs ?? []).filter((name) => {
    const need = frame.tasks.get(name);
    return !need || !isTerminal(need.unit);
  });
  if (open.length > 0) return { reason: 'WaitingForNeeds', message: `waits for ${open.join(', ')}` };
  if (state.desired === 'Paused')
    return { reason: 'Paused', message: 'nothing new starts until desiredState is Running' };
  return { reason: 'Parallelism', message: 'as many tasks as allowed run already', ...sinceOf(asked) };
}
