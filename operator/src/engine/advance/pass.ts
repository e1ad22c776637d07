import {
  type AttemptBackend,
  type AttemptObject,
  type AttemptObservation,
  type DataSignal,
  type DesiredState,
  encodeEvent,
  type HistoryEvent,
  type HistoryEventType,
  type Json,
  type Rendered,
  type RenderedClaims,
  type Task,
  type TaskDefaults,
} from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import type { RunIdentity } from '../bindings/bindings.ts';
import { type Given, PlacedData } from '../bindings/placed-data.ts';
import type { Plan, PlannedTask } from '../plan/plan.ts';
import { evolve } from '../state/evolve.ts';
import { locate } from '../state/locate.ts';
import { attemptKey } from '../state/paths.ts';
import { isLive, type RunState, type Unit } from '../state/state.ts';
import { type Cause, type Frame, type Place, placeOf, placesOf, rootFrame } from '../state/walk.ts';
import { keepsWords } from '../state/words.ts';

/** What a pass may do before it asks to be called again at once (design §4, §6). */
export const MAX_EVENTS = 200;
export const MAX_ACTIONS = 200;
export const MAX_EVENT_BYTES = 24 * 1024;
const DEFAULT_PARALLELISM = 100;

/** What the executors saw, gathered before anything is decided. */
export interface Observed {
  readonly desiredState: DesiredState;
  /** By attempt key. Every live attempt of the state has an entry; so has everything else that exists by our name. */
  readonly attempts: ReadonlyMap<string, AttemptObservation>;
  /** By what attempts are run, as far as that is an object, by attempt key; not given: not known. */
  readonly objects?: ReadonlyMap<string, AttemptObject>;
  /** Something is stored anyway, so what would not be worth a write of its own is recorded too. */
  readonly records?: boolean;
  /** The last status was refused for its size: the run must end, and end small. */
  readonly overBudget?: boolean;
  /** Data that was sent and has not come to its end, in the order in which it is taken. */
  readonly inbox?: readonly DataSignal[];
  /** Uids of signals whose verdict is in the state and not yet in their own status; not given: not known. */
  readonly unacknowledged?: ReadonlySet<string>;
  /** The run that continues this one, once it exists. */
  readonly continuedAs?: string;
  /** Something was started that neither the state nor what was observed may know yet. */
  readonly begun?: boolean;
  /** If given, no attempt may start but these, by attempt key: what is more waits for the next reconcile. */
  readonly only?: ReadonlySet<string>;
  /**
   * The first event of the page that the events of this pass will be a part of, as `nextPage` says. Not given: the state
   * holds all outputs itself.
   */
  readonly page?: number;
  /** Outputs that the state holds by their place and earlier decisions on it wanted, by the path of their task. */
  readonly given?: ReadonlyMap<string, Given>;
  /** What the run that this one repeats handed on, where an earlier decision on the state wanted it. */
  readonly earlier?: Given;
  /** Bytes of values above which outputs are held by their place; not given: SHARE_BYTES. */
  readonly shareBytes?: number;
}

/** What the executors are to do. Doing it twice is doing it once. */
export type Action =
  | {
      type: 'Start';
      path: string;
      attempt: number;
      task: Task;
      defaults: TaskDefaults | undefined;
      rendered: Rendered;
      claims?: RenderedClaims;
    }
  | { type: 'Cancel'; path: string; attempt: number; task: Task; backend: AttemptBackend; graceSeconds?: number };

/** An event before it has its time. */
type Untimed<E> = E extends HistoryEvent ? Omit<E, 't'> : never;
export type NewEvent = Untimed<Exclude<HistoryEvent, { type: 'Accepted' }>>;

/**
 * One pass over a run: what the rules read, and what they add to. The state is always that after the events so far.
 * Rules emit and act only through this object, so the limits of a pass hold in one place.
 */
export class Pass {
  readonly events: HistoryEvent[] = [];
  readonly encoded: string[] = [];
  readonly actions: Action[] = [];
  readonly identity: RunIdentity;
  readonly plan: Plan;
  readonly state: RunState;
  readonly observed: Observed;
  /** Now, in milliseconds since the run was accepted; never before the newest event, whatever the clock did. */
  readonly t: number;
  /** The number of events before this pass. */
  readonly firstSeq: number;
  /** The tasks of the run itself. */
  readonly root: Frame;
  wakeAt: number | undefined;
  /** Items of fan-outs, evaluated at most once a pass. */
  readonly items = new Map<string, Json[]>();
  readonly data: PlacedData;
  /** Outputs of an earlier run are still to be taken over: nothing starts before. */
  awaits = false;
  wantsEarlier = false;
  /** What people should know before it becomes a failure. */
  readonly warnings: string[] = [];
  /** A rule had more to say than a pass may hold. */
  cut = false;
  /** Attempts that take a place of `parallelism`. */
  live = 0;
  /** Undo still has its turn, before finally. */
  isUndoing = false;
  /** An item of a fan-out has failed since the rule stopping had its turn: with failFast, others are to end. */
  itemFailed = false;
  #bytes = 0;

  constructor(identity: RunIdentity, plan: Plan, state: RunState, observed: Observed, now: number) {
    this.identity = identity;
    this.plan = plan;
    this.state = state;
    this.observed = observed;
    this.t = Math.max(state.t, now - state.at);
    this.firstSeq = state.seq;
    this.data = new PlacedData(observed.given);
    this.root = rootFrame(plan, state);
    for (const place of this.places()) if (takesPlace(place)) this.live++;
  }

  /** Whether there is room for one more decision; says that there was more when there is not. */
  room(): boolean {
    if (this.state.continuing) return false;
    const full =
      this.events.length >= MAX_EVENTS || this.actions.length >= MAX_ACTIONS || this.#bytes >= MAX_EVENT_BYTES;
    if (full) this.cut = true;
    return !full;
  }

  emit(event: NewEvent): void {
    const keep = event.type === 'Failed' && keepsWords(this.plan, this.state, event.path) ? { keep: true } : {};
    const timed = { ...event, ...keep, t: this.t } as HistoryEvent;
    const text = encodeEvent(timed);
    this.#bytes += utf8Length(text);
    this.events.push(timed);
    this.encoded.push(text);
    if (GIVES_BACK.has(timed.type)) this.live -= this.#placesOf(timed);
    evolve(this.state, timed);
    if (timed.type === 'Started') this.live += this.#placesOf(timed);
    if (timed.type === 'Failed' && timed.path.endsWith(']')) this.itemFailed = true;
  }

  act(action: Action): void {
    this.actions.push(action);
  }

  /** Asks to be called again at a time, in milliseconds since the run was accepted. */
  wake(t: number): void {
    if (t > this.t && (this.wakeAt === undefined || t < this.wakeAt)) this.wakeAt = t;
  }

  observation(path: string, attempt: number): AttemptObservation | undefined {
    return this.observed.attempts.get(attemptKey(path, attempt));
  }

  get parallelism(): number {
    return this.plan.definition.parallelism ?? DEFAULT_PARALLELISM;
  }

  /** How many places of `parallelism` the unit of an event takes now. */
  #placesOf(event: HistoryEvent): number {
    const place = 'path' in event && placeOf(this.plan, this.state, event.path ?? '');
    return place && takesPlace(place) ? 1 : 0;
  }

  /** Whether anything may begin: not while paused or stopping. */
  mayOpen(): boolean {
    return this.state.desired !== 'Paused' && !this.state.stop && !this.awaits;
  }

  /** Whether a task may begin; what takes a place of the parallelism of the run needs one that is free. */
  mayBegin({ backend }: PlannedTask): boolean {
    return this.mayOpen() && (backend === undefined || backend === 'Signal' || this.live < this.parallelism);
  }

  /** Every unit of the run, with what makes it end if something does. */
  places(): Generator<Place> {
    return placesOf(this.plan, this.root, this.cause);
  }

  /** Why all of the run must end. */
  get cause(): Cause | undefined {
    return this.state.stop;
  }
}

/** After these a unit has no attempt any more. */
const GIVES_BACK: ReadonlySet<HistoryEventType> = new Set(['Succeeded', 'Failed', 'Retrying', 'Cancelled']);

/** Whether a unit takes a place of `parallelism`: it has an attempt, and one that does more than wait for people. */
const takesPlace = ({ unit, planned }: Place): boolean => isLive(unit) && planned.backend !== 'Signal';

/** The unit of a path, if anything happened to it and it is not over; a fan-out as a whole has no attempts. */
export function findUnit(state: RunState, path: string): Unit | undefined {
  const found = locate(state, path);
  if (typeof found === 'string') return undefined;
  return found.task.fan && found.index === undefined ? undefined : found.unit;
}
