import type { CopiedItems, Failure, HistoryEvent, HistoryEventType, Outputs } from '../../api/index.ts';
import { takeOver } from './chain.ts';
import { innerOf, sumInner } from './inner.ts';
import { type Located, unitAt } from './locate.ts';
import { withPlaced } from './placed.ts';
import { addToRanges, inRanges, parseRanges, type Ranges } from './ranges.ts';
import {
  type Fan,
  type LoopState,
  MAX_KEPT_FAILURES,
  newFan,
  newUnit,
  type RunState,
  SMALL_FAN_OUT,
  type Unit,
  type Verdict,
} from './state.ts';
import { openUnitsOf, tasksIn } from './units.ts';
import { failuresOf } from './words.ts';

/** How many nodes on which an attempt failed are remembered. */
const MAX_NODES = 5;

type EventOf<T extends HistoryEventType> = Extract<HistoryEvent, { type: T }>;
type Evolvers = { readonly [T in HistoryEventType]: (state: RunState, event: EventOf<T>) => void };

const unitOf = (state: RunState, path: string): Unit => unitAt(state, path).unit;

type EndPhase = 'Succeeded' | 'Failed' | 'Skipped' | 'Cancelled';

/**
 * Ends a unit: a plain task keeps what people want to see of it, an item goes into the range of its outcome. What was
 * inside of it is counted and dropped.
 */
function end(state: RunState, path: string, phase: EndPhase, t: number): Located {
  const located = unitAt(state, path);
  const { unit, task, index } = located;
  closeUnit(unit);
  unit.phase = phase;
  unit.finishedAt = t;
  delete unit.since;
  delete unit.reason;
  delete unit.message;
  delete unit.exitCode;
  delete unit.nodes;
  delete unit.ask;
  delete unit.object;
  delete unit.held;
  const { fan } = task;
  if (located.loop || index === undefined || !fan) return located;
  fan.live.delete(index);
  if (fan.count <= SMALL_FAN_OUT) fan.kept.set(index, unit);
  if (unit.inner) fan.inner = sumInner(fan.inner, unit.inner);
  addToRanges(rangesOf(fan, phase), index);
  return located;
}

/** What is inside of a unit that ends: counted, if it was the tasks of a template, and dropped. */
function closeUnit(unit: Unit): void {
  if (unit.scope) unit.inner = innerOf(unit.scope);
  delete unit.scope;
  delete unit.loop;
}

function rangesOf(fan: Fan, phase: EndPhase): Ranges {
  const ranges = { Succeeded: fan.succeeded, Failed: fan.failed, Skipped: fan.skipped, Cancelled: fan.cancelled };
  return ranges[phase];
}

function describe(unit: Unit, failure: Failure): void {
  unit.reason = failure.reason;
  unit.message = failure.message;
  if (failure.exitCode !== undefined) unit.exitCode = failure.exitCode;
}

/** Failures that only say that something inside has failed: they are no further failure. */
const FAILED_INSIDE: ReadonlySet<string> = new Set(['ItemsFailed', 'TasksFailed', 'IterationFailed']);

function fail(state: RunState, event: EventOf<'Failed'>): void {
  const { unit, task, index, loop } = end(state, event.path, 'Failed', event.t);
  const { failure } = event;
  const kept = event.keep === true || failuresOf(state) < MAX_KEPT_FAILURES;
  unit.reason = failure.reason;
  if (kept) describe(unit, failure);
  if (index !== undefined && !loop && kept) task.fan?.kept.set(index, unit);
  if (FAILED_INSIDE.has(failure.reason)) return;
  state.failures.set(failure.reason, (state.failures.get(failure.reason) ?? 0) + 1);
}

function iterate(state: RunState, event: EventOf<'Iterated'>): void {
  const unit = unitOf(state, event.path);
  const before = unit.loop;
  unit.phase = 'Open';
  unit.startedAt ??= event.t;
  state.firstTaskAt ??= event.t;
  const loop: LoopState = {
    index: event.index,
    state: event.state,
    unit: newUnit(),
    kept: before?.kept ?? new Map(),
    keep: before?.keep ?? event.keep ?? 0,
  };
  if (event.due !== undefined) loop.due = event.due;
  if (before && loop.keep > 0) loop.kept.set(before.index, before.unit);
  for (const index of loop.kept.keys()) if (loop.kept.size > loop.keep) loop.kept.delete(index);
  unit.loop = loop;
}

/** Where the outputs of a unit are kept for those that read them. */
function keepOutputs({ task, index, loop }: Located, outputs: Outputs): void {
  if (loop) loop.outputs = outputs;
  if (!loop && index === undefined) task.outputs = outputs;
  if (!loop && index !== undefined) task.fan?.outputs.set(index, outputs);
}

function copy(state: RunState, event: EventOf<'Copied'>): void {
  for (const [name, copied] of Object.entries(event.tasks)) {
    const { unit, task } = unitAt(state, name);
    unit.startedAt = event.t;
    const from = `${event.from}/${name}`;
    unit.from = from;
    unit.phase = copied.phase === 'Partly' ? 'Live' : copied.phase;
    if (copied.phase !== 'Partly') unit.finishedAt = event.t;
    if (copied.reason !== undefined) unit.reason = copied.reason;
    if (copied.outputs) task.outputs = copied.outputs;
    if (copied.items) task.fan = copiedFan(copied.items, from);
    if (copied.later) task.awaits = 0;
  }
}

function copiedFan({ count, succeeded, skipped, outputs = {}, keys = {} }: CopiedItems, from: string): Fan {
  const fan = newFan(count);
  fan.succeeded = parseRanges(succeeded);
  fan.skipped = parseRanges(skipped);
  for (const [index, each] of Object.entries(outputs)) fan.outputs.set(Number(index), each);
  for (const [index, key] of Object.entries(keys)) {
    const phase = inRanges(fan.skipped, Number(index)) ? 'Skipped' : 'Succeeded';
    fan.kept.set(Number(index), { ...newUnit(), phase, key, from: `${from}[${index}]` });
  }
  return fan;
}

/** A pause is over: what could not start meanwhile has not waited meanwhile. */
function resume(state: RunState, paused: number): void {
  state.pausedFor += paused;
  for (const task of tasksIn(state.tasks)) {
    for (const { held } of openUnitsOf(task)) {
      if (!held) continue;
      held.first += paused;
      held.since += paused;
    }
  }
}

const EVOLVERS: Evolvers = {
  Accepted: () => {
    throw new RangeError('Accepted is the first event of a history and never comes again');
  },
  DesiredStateChanged: (state, event) => {
    if (state.pausedSince !== undefined) resume(state, event.t - state.pausedSince);
    delete state.pausedSince;
    if (event.desired === 'Paused') state.pausedSince = event.t;
    state.desired = event.desired;
  },
  Expanded: (state, event) => {
    const { task } = unitAt(state, event.path);
    task.unit.phase = 'Live';
    task.unit.startedAt = event.t;
    task.fan = newFan(event.count);
  },
  Started: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.phase = 'Live';
    unit.attempt = event.attempt;
    delete unit.object;
    unit.startedAt ??= unit.held?.first ?? event.t;
    delete unit.held;
    unit.since = event.t;
    if (event.key !== undefined) unit.key = event.key;
    state.firstTaskAt ??= event.t;
  },
  Held: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.held = { first: unit.held?.first ?? event.t, since: event.t, reason: event.reason };
    state.firstTaskAt ??= event.t;
  },
  Succeeded: (state, event) => {
    const located = end(state, event.path, 'Succeeded', event.t);
    if (event.from !== undefined) located.unit.from = event.from;
    if (event.hint !== undefined) located.unit.reason = event.hint;
    if (event.outputs && event.keep) keepOutputs(located, event.outputs);
    if (event.outputs && event.page !== undefined) {
      located.task.placed = withPlaced(located.task.placed, event.page, event.outputs);
    }
  },
  Opened: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.phase = 'Open';
    unit.startedAt ??= event.t;
    unit.scope = { tasks: new Map() };
    if (event.params) unit.scope.params = event.params;
    if (event.generated) unit.scope.generated = event.generated;
    state.firstTaskAt ??= event.t;
  },
  Iterated: iterate,
  Slept: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.phase = 'Open';
    unit.startedAt ??= event.t;
    unit.since = event.wake;
    state.firstTaskAt ??= event.t;
  },
  Copied: copy,
  HandedOn: (state, { path, outputs, rest, page }) => {
    const { task } = unitAt(state, path);
    for (const [index, each] of Object.entries(outputs)) {
      if (page !== undefined) task.placed = withPlaced(task.placed, page, each);
      else if (index === '') task.outputs = each;
      else task.fan?.outputs.set(Number(index), each);
    }
    delete task.awaits;
    if (rest !== undefined) task.awaits = rest;
  },
  Retrying: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.phase = 'Backoff';
    unit.since = event.wake;
    if (event.cause === 'User') unit.retries++;
    if (event.cause === 'Infrastructure') unit.infra++;
    delete unit.exitCode;
    delete unit.object;
    if (unit.held) unit.startedAt ??= unit.held.first;
    delete unit.held;
    if (event.node !== undefined) unit.nodes = [...new Set([...(unit.nodes ?? []), event.node])].slice(-MAX_NODES);
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
    const { unit } = end(state, event.path, 'Skipped', event.t);
    unit.reason = event.reason;
  },
  Cancelled: (state, event) => {
    const { unit } = end(state, event.path, 'Cancelled', event.t);
    unit.reason = event.reason;
    if (event.message !== undefined) unit.message = event.message;
  },
  OutputsReleased: (state, event) => {
    for (const path of event.tasks) {
      const { task, loop } = unitAt(state, path);
      if (loop) delete loop.outputs;
      if (loop) continue;
      delete task.outputs;
      delete task.placed;
      task.fan?.outputs.clear();
    }
  },
  Responded: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.ask ??= { votes: [], values: {} };
    for (const { comment, values, ...vote } of event.votes) {
      unit.ask.votes.push(vote);
      if (vote.void !== undefined) continue;
      if (comment !== undefined) unit.ask.comment = comment;
      if (vote.decision !== 'Reject') Object.assign(unit.ask.values, values);
    }
  },
  Escalated: (state, event) => {
    const unit = unitOf(state, event.path);
    unit.ask ??= { votes: [], values: {} };
    unit.ask.escalatedAt = event.t;
  },
  Judged: (state, { uid, phase, reason, path, message, decision }) => {
    const verdict: Verdict = { phase, reason };
    if (message !== undefined) verdict.message = message;
    if (path !== undefined) verdict.task = path;
    if (decision !== undefined) verdict.decision = decision;
    state.verdicts.set(uid, verdict);
  },
  Acknowledged: (state, event) => {
    for (const uid of event.uids) state.verdicts.delete(uid);
  },
  Identified: (state, { objects, flags }) => {
    for (const [path, object] of Object.entries(objects)) unitOf(state, path).object = object;
    if (flags) state.flags = flags;
  },
  Continuing: (state, { index, parameters }) => {
    state.continuing = parameters ? { index, parameters } : { index };
  },
  NotContinued: (state, event) => {
    state.stays = { seq: state.seq, message: event.message };
  },
  RunStopping: (state, event) => {
    state.stop = { reason: event.reason, message: event.message, t: event.t };
  },
  Settled: (state, event) => {
    state.result = { phase: event.phase, reason: event.reason, message: event.message, t: event.t };
    delete state.stop;
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
  const state: RunState = {
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
    verdicts: new Map(),
  };
  return event.carried ? takeOver(state, event.carried) : state;
}
