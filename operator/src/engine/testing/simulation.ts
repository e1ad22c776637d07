import {
  type AttemptObservation,
  type Definition,
  type DesiredState,
  decodeEvents,
  encodeEvent,
  encodeEvents,
  type HistoryEvent,
  type Json,
  type Reason,
  type WaitingReason,
} from '../../api/index.ts';
import {
  type Action,
  accept,
  acceptContinuing,
  attemptKey,
  type Decision,
  decide,
  decodeState,
  digestOf,
  encodeState,
  evolve,
  type Given,
  isSettled,
  type Observed,
  type Plan,
  plan,
  type RunIdentity,
  type RunState,
  replay,
  type Wanted,
} from '../index.ts';
import { PagedHistory } from './paged-history.ts';

/** What becomes of one attempt in a simulation. */
export type Fate =
  | { readonly end: 'Succeeded'; readonly outputs?: string; readonly afterMs?: number }
  | { readonly end: 'Failed'; readonly exitCode?: number; readonly afterMs?: number; readonly node?: string }
  | { readonly end: 'Infrastructure'; readonly afterMs?: number }
  | { readonly end: 'Lost'; readonly afterMs?: number }
  /** A task that asks: these people answer, and approve unless told otherwise. */
  | {
      readonly end: 'Answered';
      readonly by: readonly string[];
      readonly groups?: readonly string[];
      readonly decision?: 'Approve' | 'Reject';
      readonly afterMs?: number;
    }
  | { readonly end: 'Never' }
  /** Its start is refused, until so long after the run was accepted. */
  | { readonly end: 'Refused'; readonly reason: Reason; readonly untilMs?: number }
  /** It is started and waits. */
  | { readonly end: 'Pending'; readonly reason: WaitingReason };

interface SimulatedPod {
  readonly path: string;
  readonly attempt: number;
  readonly created: number;
  creates: number;
  fate: Fate;
  cancelledAt?: number;
  gone?: boolean;
}

export interface SimulationOptions {
  readonly fate?: (path: string, attempt: number) => Fate;
  readonly parameters?: Readonly<Record<string, Json>>;
  readonly identity?: RunIdentity;
  /** What the run takes over from another. */
  readonly copied?: HistoryEvent;
  /** What the run that this one repeats handed on. */
  readonly earlier?: Given;
  /** Bytes of outputs above which the state holds them by their place. */
  readonly shareBytes?: number;
  /** The stored state of the run that it continues, and when. */
  readonly continues?: { readonly stored: string; readonly now: number };
}

const IDENTITY: RunIdentity = { name: 'run', namespace: 'ns', uid: '0000-uid', workflow: 'wf' };
const START = 1_700_000_000_000;
const NEVER = Number.POSITIVE_INFINITY;
/** What does not end by itself. */
const GOES_ON: ReadonlySet<Fate['end']> = new Set(['Never', 'Pending', 'Refused']);

const timeOf = (fate: Fate): number | undefined => ('afterMs' in fate ? fate.afterMs : undefined);

/**
 * A cluster of pods in virtual time around the production engine: what the reconciler does, without a reconciler. Stores
 * only text, as the API server does, so that every pass decodes what the one before encoded.
 */
export class Simulation {
  readonly plan: Plan;
  readonly pods = new Map<string, SimulatedPod>();
  now = START;
  desiredState: DesiredState = 'Running';
  identity = IDENTITY;
  /** Encoded events of the whole history. */
  history: string[];
  stored: string;
  passes = 0;
  readonly pages = new PagedHistory();
  /** What people were warned of. */
  readonly warnings: string[] = [];
  /** Outputs by their place that decisions were given. */
  givenTasks = 0;
  readonly #share: Pick<Observed, 'shareBytes'>;
  readonly #earlier: Given | undefined;
  /** The newest start of each path. */
  readonly #starts = new Map<string, Action>();
  readonly #fate: (path: string, attempt: number) => Fate;

  constructor(definition: Definition, options: SimulationOptions = {}) {
    this.plan = plan(definition, digestOf(definition));
    this.#fate = options.fate ?? (() => ({ end: 'Succeeded' }));
    const { copied, continues, identity } = options;
    this.#earlier = options.earlier;
    if (identity) this.identity = identity;
    this.#share = options.shareBytes === undefined ? {} : { shareBytes: options.shareBytes };
    this.now = continues?.now ?? START;
    const { state, encoded } = continues
      ? acceptContinuing(decodeState(continues.stored), this.now)
      : accept(this.plan.digest, options.parameters ?? {}, this.now);
    this.stored = encodeState(copied ? evolve(state, copied) : state);
    this.history = copied ? [encoded, encodeEvent(copied)] : [encoded];
    this.pages.write(this.history);
  }

  get state(): RunState {
    return decodeState(this.stored);
  }

  /** What an executor would say of every pod. */
  observe(): Map<string, AttemptObservation> {
    const attempts = new Map<string, AttemptObservation>();
    for (const pod of this.pods.values()) {
      if (!pod.gone) attempts.set(attemptKey(pod.path, pod.attempt), this.#see(pod));
    }
    return attempts;
  }

  #see(pod: SimulatedPod): AttemptObservation {
    const { fate, created, cancelledAt } = pod;
    const ended = GOES_ON.has(fate.end) ? NEVER : created + (timeOf(fate) ?? 1000);
    if (cancelledAt !== undefined && cancelledAt < ended) {
      const times = { startedAt: created, finishedAt: cancelledAt };
      return { phase: 'Failed', cause: 'Infrastructure', reason: 'PodDeleted', message: 'deleted', ...times };
    }
    if (fate.end === 'Pending') return { phase: 'Pending', reason: fate.reason, message: 'for a test', since: created };
    if (this.now < ended) return { phase: 'Running', startedAt: created };
    if (fate.end === 'Answered') return this.#answered(pod, fate);
    const times = { startedAt: created, finishedAt: ended };
    if (fate.end === 'Succeeded') return { phase: 'Succeeded', message: fate.outputs ?? '', ...times };
    if (fate.end === 'Lost') return { phase: 'Lost' };
    if (fate.end === 'Infrastructure') {
      return { phase: 'Failed', cause: 'Infrastructure', reason: 'Evicted', message: 'evicted', ...times };
    }
    const exitCode = fate.end === 'Failed' ? (fate.exitCode ?? 1) : 1;
    const where = fate.end === 'Failed' && fate.node ? { node: fate.node } : {};
    const failure = { reason: 'ExitCode' as const, message: `exit code ${exitCode}`, exitCode };
    return { phase: 'Failed', cause: 'User', ...failure, ...times, ...where };
  }

  /** What people have answered by now: all of them, with the digest of what they were shown. */
  #answered(
    { path }: SimulatedPod,
    { by, groups = [], decision = 'Approve' }: Extract<Fate, { end: 'Answered' }>,
  ): AttemptObservation {
    const start = this.#starts.get(path);
    const rendered = start?.type === 'Start' ? start.rendered : undefined;
    const digest = rendered?.backend === 'Signal' ? rendered.request.digest : '';
    const answer = { groups, attested: true, time: this.now, digest, decision } as const;
    const responses = by.map((username) => ({ username, ...answer }));
    return { phase: 'Asked', signal: { uid: `uid-${path}`, name: `run-${path}` }, responses };
  }

  decide(refused: ReadonlyMap<string, AttemptObservation> = new Map()): Decision {
    const continuedAs = this.state.continuing ? { continuedAs: 'the-next' } : {};
    return this.decideOn({
      desiredState: this.desiredState,
      attempts: new Map([...this.observe(), ...refused]),
      ...continuedAs,
    });
  }

  /** What follows from something else than what there is. */
  decideOn(observed: Observed): Decision {
    const given = new Map<string, Given>();
    let all: Observed = { page: this.pages.nextPage, ...this.#share, ...observed, given };
    for (;;) {
      const decision = decide(this.identity, this.plan, this.state, all, this.now);
      if (decision.wanted.length === 0 && !decision.wantsEarlier) return decision;
      if (decision.wantsEarlier) all = { ...all, earlier: this.#earlier ?? { damage: 'there is none' } };
      for (const wanted of decision.wanted) given.set(wanted.path, this.give(wanted));
      this.givenTasks += decision.wanted.length;
    }
  }

  /** What a decision is given of the history; a test may put something else in its place. */
  give(wanted: Wanted): Given {
    return this.pages.give(wanted);
  }

  /** Carries out the first `count` actions, as a process that dies in between does. */
  apply(actions: readonly Action[], count = actions.length): void {
    for (const action of actions.slice(0, count)) {
      const key = attemptKey(action.path, action.attempt);
      const pod = this.pods.get(key);
      if (action.type === 'Cancel') {
        if (pod) pod.cancelledAt ??= this.now;
        continue;
      }
      this.#starts.set(action.path, action);
      if (pod) pod.creates++;
      const fate = this.#fate(action.path, action.attempt);
      if (!pod) {
        this.pods.set(key, { path: action.path, attempt: action.attempt, created: this.now, creates: 1, fate });
      }
    }
  }

  /** Stores state and events together, as one status patch does; then lets go of what is recorded. */
  report(decision: Decision): void {
    this.stored = encodeState(decision.state);
    this.history.push(...decision.encoded);
    this.pages.write(decision.encoded);
    this.warnings.push(...decision.warnings);
    for (const pod of this.pods.values()) {
      if (isSettled(decision.state, pod.path, pod.attempt)) pod.gone = true;
    }
  }

  /** One whole reconcile. */
  pass(): Decision {
    this.passes++;
    const refused = new Map<string, AttemptObservation>();
    for (;;) {
      const decision = this.decide(refused);
      const answers = this.#refusals(decision);
      if (answers.length === 0) {
        this.apply(decision.actions);
        this.report(decision);
        return decision;
      }
      for (const [key, answer] of answers) refused.set(key, answer);
    }
  }

  /** What is answered to starts that are not made. */
  #refusals({ actions }: Decision): [string, AttemptObservation][] {
    return actions.flatMap(({ type, path, attempt }) => {
      const fate = this.#fate(path, attempt);
      if (type !== 'Start' || fate.end !== 'Refused') return [];
      if (this.now >= START + (fate.untilMs ?? NEVER)) return [];
      const answer = { phase: 'Refused', reason: fate.reason, message: 'for a test', retry: true } as const;
      const entry: [string, AttemptObservation] = [attemptKey(path, attempt), answer];
      return [entry];
    });
  }

  /** Passes and advances time until the run is over. */
  run(maxPasses = 20_000): this {
    for (let i = 0; i < maxPasses; i++) {
      const decision = this.pass();
      if (decision.state.finished) return this;
      if (!decision.more) this.now = this.nextMoment(decision);
    }
    throw new Error(`the run did not end in ${maxPasses} passes: ${this.stored}`);
  }

  /** When something can change next: a pod ends, or the engine asked to be woken. */
  nextMoment(decision: Pick<Decision, 'wakeAt'>): number {
    const moments = [decision.wakeAt ?? Number.POSITIVE_INFINITY];
    for (const pod of this.pods.values()) {
      if (pod.gone || GOES_ON.has(pod.fate.end)) continue;
      moments.push(pod.created + (timeOf(pod.fate) ?? 1000));
    }
    const next = Math.min(...moments.filter((moment) => moment > this.now));
    return Number.isFinite(next) ? next : this.now + 1000;
  }

  /** The oracle: the fold of the history is the stored state, byte for byte. */
  folded(): string {
    return encodeState(replay(decodeEvents(encodeEvents(this.history))));
  }

  /** What the newest attempt of a path was started with. */
  started(path: string): Action | undefined {
    return this.#starts.get(path);
  }

  phaseOf(task: string): string {
    return this.state.tasks.get(task)?.unit.phase ?? 'Waiting';
  }
}
