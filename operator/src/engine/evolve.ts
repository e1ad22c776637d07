import type { Failure, HistoryEvent, HistoryEventType } from '../api/index.ts';
import { parsePath } from './paths.ts';
import { addToRanges, type Ranges } from './ranges.ts';
import {
  type Fan,
  MAX_KEPT_FAILURES,
  newFan,
  newUnit,
  type RunState,
  SMALL_FAN_OUT,
  type TaskState,
  type Unit,
} from './state.ts';

type EventOf<T extends HistoryEventType> = Extract<HistoryEvent, { type: T }>;
type Evolvers = { readonly [T in HistoryEventType]: (state: RunState, event: EventOf<T>) => void };

function taskOf(state: RunState, name: string): TaskState {
  let task = state.tasks.get(name);
  if (!task) {
    task = { unit: newUnit() };
    state.tasks.set(name, task);
  }
  return task;
}

function unitOf(state: RunState, path: string): Unit {
  const { task: name, index } = parsePath(path);
  const task = taskOf(state, name);
  if (index === undefined || !task.fan) return task.unit;
  let unit = task.fan.live.get(index);
  if (!unit) {
    unit = newUnit();
    task.fan.live.set(index, unit);
  }
  task.fan.next = Math.max(task.fan.next, index + 1);
  return unit;
}

/** Ends a unit: a plain task keeps what people want to see of it, an item goes into the range of its outcome. */
function end(state: RunState, path: string, phase: 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled', t: number): Unit {
  const unit = unitOf(state, path);
  unit.phase = phase;
  unit.finishedAt = t;
  delete unit.since;
  delete unit.reason;
  delete unit.message;
  delete unit.exitCode;
  const { task: name, index } = parsePath(path);
  const fan = taskOf(state, name).fan;
  if (index === undefined || !fan) return unit;
  fan.live.delete(index);
  if (fan.count <= SMALL_FAN_OUT) fan.kept.set(index, unit);
  addToRanges(rangesOf(fan, phase), index);
  return unit;
}

function rangesOf(fan: Fan, phase: 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled'): Ranges {
  const ranges = { Succeeded: fan.succeeded, Failed: fan.failed, Skipped: fan.skipped, Cancelled: fan.cancelled };
  return ranges[phase];
}

function describe(unit: Unit, failure: Failure): void {
  unit.reason = failure.reason;
  unit.message = failure.message;
  if (failure.exitCode !== undefined) unit.exitCode = failure.exitCode;
}

function fail(state: RunState, event: EventOf<'Failed'>): void {
  const unit = end(state, event.path, 'Failed', event.t);
  const { task: name, index } = parsePath(event.path);
  const kept = [...state.failures.values()].reduce((sum, n) => sum + n, 0) < MAX_KEPT_FAILURES;
  unit.reason = event.failure.reason;
  if (kept) describe(unit, event.failure);
  const fan = taskOf(state, name).fan;
  if (index !== undefined && kept) fan?.kept.set(index, unit);
  // A fan-out that failed because of its items is no further failure.
  if (event.failure.reason === 'ItemsFailed') return;
  state.failures.set(event.failure.reason, (state.failures.get(event.failure.reason) ?? 0) + 1);
}

const EVOLVERS: Evolvers = {
  Accepted: () => {
    throw new RangeError('Accepted is the first event of a history and never comes again');
  },
  DesiredStateChanged: (state, event) => {
    if (state.pausedSince !== undefined) state.pausedFor += event.t - state.pausedSince;
    delete state.pausedSince;
    if (event.desired === 'Paused') state.pausedSince = event.t;
    state.desired = event.desired;
  },
  Expanded: (state, event) => {
    const task = taskOf(state, event.path);
    task.unit.phase = 'Live';
    task.unit.startedAt = event.t;
    task.fan = newFan(event.count);
  },
  Started: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.phase = 'Live';
    unit.attempt = event.attempt;
    unit.startedAt ??= event.t;
    unit.since = event.t;
    state.firstTaskAt ??= event.t;
  },
  Succeeded: (state, event) => {
    end(state, event.path, 'Succeeded', event.t);
    if (!event.outputs || !event.keep) return;
    const { task: name, index } = parsePath(event.path);
    const task = taskOf(state, name);
    if (index === undefined) task.outputs = event.outputs;
    if (index !== undefined) task.fan?.outputs.set(index, event.outputs);
  },
  Retrying: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.phase = 'Backoff';
    unit.since = event.wake;
    if (event.cause === 'User') unit.retries++;
    if (event.cause === 'Infrastructure') unit.infra++;
    delete unit.exitCode;
    describe(unit, event.failure);
  },
  Stopping: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.phase = 'Stopping';
    unit.since = event.t;
    unit.reason = event.reason;
    unit.message = event.message;
  },
  Failed: fail,
  Skipped: (state, event) => {
    const unit = end(state, event.path, 'Skipped', event.t);
    unit.reason = event.reason;
  },
  Cancelled: (state, event) => {
    const unit = end(state, event.path, 'Cancelled', event.t);
    unit.reason = event.reason;
  },
  OutputsReleased: (state, event) => {
    for (const name of event.tasks) {
      const task = taskOf(state, name);
      delete task.outputs;
      task.fan?.outputs.clear();
    }
  },
  RunStopping: (state, event) => {
    state.stop = { reason: event.reason, message: event.message, t: event.t };
  },
  Finished: (state, event) => {
    state.finished = { phase: event.phase, reason: event.reason, message: event.message, t: event.t };
  },
};

/**
 * The state after one event. It takes over the state that it is given and returns the same object, changed: a caller
 * that needs the old one keeps its encoded text. Nothing else ever changes a state, so that a fold of the history is the
 * state, byte for byte.
 */
export function evolve(state: RunState, event: HistoryEvent): RunState {
  (EVOLVERS[event.type] as (state: RunState, event: HistoryEvent) => void)(state, event);
  state.seq++;
  state.t = event.t;
  return state;
}

/** The state after the first event of a history. */
export function begin(event: EventOf<'Accepted'>): RunState {
  return {
    seq: 1,
    at: event.at,
    t: 0,
    digest: event.digest,
    parameters: event.parameters,
    flags: event.flags,
    desired: 'Running',
    pausedFor: 0,
    tasks: new Map(),
    failures: new Map(),
  };
}
