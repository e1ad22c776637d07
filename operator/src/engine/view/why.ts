import { type AttemptObservation, HINTS, type Hint, MAX_ROW_LINE, type TaskPhase } from '../../api/index.ts';
import type { PlannedTask } from '../plan/plan.ts';
import { viewOf } from '../signals/signal-view.ts';
import { isComposite, isTerminal, type LoopState, type RunState, type Unit } from '../state/state.ts';
import { causeOfItems, type Frame } from '../state/walk.ts';
import { UNKEPT } from '../state/words.ts';
import { isClosed } from './counts.ts';

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
  /** The loop whose current iteration the unit is. */
  readonly loop?: LoopState | undefined;
  readonly state: RunState;
  readonly seen: (path: string, attempt: number) => AttemptObservation | undefined;
}

/**
 * Why a unit is where it is, from what is seen now for live ones and from state for all others. Each unit that waits has
 * one reason of the table of reasons, and the message names who or what ends the wait.
 */
export function whyOf(asked: Asked): Why {
  const { unit, path, seen } = asked;
  if (unit.phase === 'Live') return { ...whyLive(asked, seen(path, unit.attempt)), ...sinceOf(asked) };
  if (unit.phase === 'Waiting') return whyWaiting(asked);
  if (unit.phase === 'Open') return whyOpen(asked);
  if (unit.phase === 'Backoff') return whyBackoff(asked);
  if (unit.phase === 'Succeeded') return { reason: unit.reason, message: unit.message ?? HINTS[unit.reason as Hint] };
  const isUnkept = unit.phase === 'Failed' && unit.reason !== undefined && unit.message === undefined;
  return { reason: unit.reason, message: isUnkept ? UNKEPT : unit.message };
}

/** When an attempt was started, or since when a task waits: its last need had ended, or its graph began. */
function sinceOf({ unit, state, frame, planned }: Asked): Pick<Why, 'since'> {
  if (unit.phase !== 'Waiting') return unit.since === undefined ? {} : { since: state.at + unit.since };
  const ends = (planned.task.needs ?? []).map((name) => frame.tasks.get(name)?.unit.finishedAt ?? 0);
  return { since: state.at + Math.max(frame.owner?.unit.startedAt ?? 0, ...ends) };
}

function whyLive(asked: Asked, seen: AttemptObservation | undefined): Why {
  const { planned } = asked;
  if (planned.backend === 'Signal') return whyAsked(asked, seen);
  if (seen?.phase === 'Running') return { phase: 'Running' };
  const { reason = 'Starting', message } = seen?.phase === 'Pending' ? seen : {};
  const isPod = planned.backend === 'Pod';
  return { phase: 'Pending', reason, message: message ?? (isPod ? STARTING_POD : STARTING) };
}

/** Who is asked, and how they answer. */
function whyAsked({ planned, unit, state }: Asked, seen: AttemptObservation | undefined): Why {
  const { waitingFor, expiresAt } = viewOf({ planned, unit }, state);
  const isApproval = planned.action === 'approval';
  const signal = seen?.phase === 'Asked' ? seen.signal.name : undefined;
  const how = isApproval ? '{"spec":{"decision":"Approve"}}' : '{"spec":{"values":{…}}}';
  const command = signal === undefined ? '' : `; kubectl patch asig ${signal} --type merge -p '${how}'`;
  return {
    reason: isApproval ? 'Approval' : 'Signal',
    message: `waits for ${waitingFor}${command}`,
    ...(expiresAt === undefined ? {} : { until: expiresAt }),
  };
}

const STARTING_POD = 'its node is starting the pod';
const STARTING = 'requested; not observed yet';

function whyOpen({ unit, state }: Asked): Why {
  if (isComposite(unit)) return whyLoops(unit, state);
  const since = state.at + (unit.startedAt ?? 0);
  return { reason: 'Sleeping', message: 'sleeping; wakes at `until`', since, until: state.at + (unit.since ?? 0) };
}

function whyLoops({ loop }: Unit, state: RunState): Why {
  if (!loop) return {};
  return whyDelayed(loop, state) ?? { message: `iteration ${loop.index}` };
}

/** A loop whose current iteration may not start yet, and that iteration. */
function whyDelayed({ index, due, unit, kept }: LoopState, state: RunState): Why | undefined {
  if (unit.phase !== 'Waiting' || due === undefined) return undefined;
  const before = kept.get(index - 1)?.finishedAt;
  const since = before === undefined ? {} : { since: state.at + before };
  return { reason: 'LoopDelay', message: `iteration ${index} waits`, until: state.at + due, ...since };
}

function whyBackoff({ unit, state, path, seen }: Asked): Why {
  const refused = seen(path, unit.attempt + 1);
  if (refused?.phase === 'Refused') return { reason: refused.reason, message: refused.message };
  if (state.desired === 'Paused') return whyPaused(state);
  const failed = unit.attempt < 0 ? 'the first attempt could not start' : `attempt ${unit.attempt} failed`;
  const message = `${failed}: ${unit.reason}: ${unit.message ?? ''}; retrying automatically`;
  return { reason: 'Backoff', message, until: state.at + (unit.since ?? 0) };
}

/** Why the newest attempt that failed did so, on one line, where the unit goes on after it. */
export function lastFailureOf({ phase, attempt, reason, message = '' }: Unit): { lastFailure?: string } {
  if ((phase !== 'Live' && phase !== 'Backoff') || reason === undefined) return {};
  const failed = phase === 'Live' ? attempt - 1 : attempt;
  return { lastFailure: `attempt ${failed}: ${reason}: ${lastLineOf(message)}`.slice(0, MAX_ROW_LINE) };
}

/** The last line of a message that says anything: what a program says last is most often why it failed. */
function lastLineOf(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line !== '') ?? '';
}

function whyPaused({ at, pausedSince }: RunState): Why {
  const message = 'no new tasks start until desiredState is Running';
  return { reason: 'Paused', message, ...(pausedSince === undefined ? {} : { since: at + pausedSince }) };
}

function whyWaiting(asked: Asked): Why {
  const { frame, planned, path, state, loop, seen } = asked;
  if (isHurried(asked)) return NEVER_STARTED;
  if (isClosed(state, frame, planned)) return { reason: 'RunStopped' };
  const refused = seen(path, 0);
  if (refused?.phase === 'Refused') return { reason: refused.reason, message: refused.message, ...sinceOf(asked) };
  if (planned.role === 'Final' && !state.result)
    return { reason: 'WaitingForTasks', message: 'runs after all other tasks', ...sinceOf(asked) };
  const open = (planned.task.needs ?? []).filter((name) => {
    const need = frame.tasks.get(name);
    return !need || !isTerminal(need.unit);
  });
  if (open.length > 0) return { reason: 'WaitingForNeeds', message: `waits for ${open.join(', ')}`, ...sinceOf(asked) };
  if (state.desired === 'Paused') return whyPaused(state);
  return (loop && whyDelayed(loop, state)) ?? { ...CROWDED, ...sinceOf(asked) };
}

/** Whether it is an item that will never start, since another one has failed. */
function isHurried({ frame, planned, loop }: Asked): boolean {
  const task = frame.tasks.get(planned.task.name);
  return !loop && task !== undefined && causeOfItems(planned, task) !== undefined;
}

const NEVER_STARTED: Why = {
  phase: 'Skipped',
  reason: 'FailFast',
  message: 'never started: another item failed, and the fan-out has failFast',
};

const CROWDED = {
  reason: 'Parallelism',
  message: 'the limit of spec.parallelism or forEach.parallelism is reached; it starts when another one ends',
};
