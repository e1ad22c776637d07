import {
  type AttemptObject,
  type AttemptObservation,
  type DesiredState,
  decodeEvents,
  encodeEvents,
  type Task,
} from '../../api/index.ts';
import { utf8Length } from '../../json/index.ts';
import {
  type Action,
  accept,
  acceptContinuing,
  attemptKey,
  type Decision,
  decide,
  decodeState,
  encodeState,
  evolve,
  type Given,
  isSettled,
  liveAttempts,
  type Observed,
  type Plan,
  parseAttemptKey,
  type RunState,
  replay,
  type Wanted,
} from '../index.ts';
import { placedIn } from '../testing/paged-history.ts';
import { ChainWitness } from './chain-witness.ts';
import type { Draws } from './draws.ts';
import { Mail } from './mail.ts';
import { Violation, Witness } from './witness.ts';

const IDENTITY = { name: 'run', namespace: 'ns', uid: '0000-uid', workflow: 'wf' };
export const START = 1_700_000_000_000;
/** Longer than any timeout of these definitions but the default: the engine has to ask to be woken for them. */
const REFUSED_AGAIN_MS = 60_000;
const MAX_ROUNDS = 4;
const MAX_PASSES = 3000;
/** What no state of these small definitions may come near. */
const MAX_STATE_BYTES = 48 * 1024;
/** Outputs that are read are held by their place wherever they may be. */
const SHARE_BYTES = 0;
/** Events after which a page is cut. */
const PAGE_EVENTS = 4;

interface Pod {
  readonly path: string;
  readonly attempt: number;
  readonly task: Task;
  readonly created: number;
  /** When it leaves Pending, and when it ends by itself. */
  readonly runs: number;
  ends: number;
  end: 'Succeeded' | 'Failed' | 'Infrastructure' | 'Lost' | 'Deleted';
  readonly value: number;
  readonly grace: number;
  cancelled: boolean;
  /** Made by a decision on an old state, or not seen when it mattered: nobody has to answer for it. */
  isStray: boolean;
}

type Answer = Extract<AttemptObservation, { phase: 'Hit' | 'Refused' }>;
type Seen = Map<string, AttemptObservation>;

/** How one reconcile goes. */
export interface Manner {
  /** It dies after so many actions. */
  readonly diesAfter?: number;
  /** Its write is lost, or refused. */
  readonly loses?: boolean;
  /** It works on a state that was stored before, so many writes ago. */
  readonly stale?: number;
  /** It does not see so many of the newest pods yet. */
  readonly blind?: number;
  /** It dies after its write: what may be let go of is not. */
  readonly keeps?: boolean;
  readonly overBudget?: boolean;
  /** It writes what people see, so it records what is not worth a write. */
  readonly records?: boolean;
}

interface Stored {
  readonly text: string;
  readonly desired: DesiredState;
  /** How many events are stored, and the first one that is in no page. */
  readonly events: number;
  readonly tailFrom: number;
}

/** The page that the next events will be a part of. */
const nextPage = ({ events, tailFrom }: Stored): number =>
  events - tailFrom + 1 >= PAGE_EVENTS ? events + 1 : tailFrom;

/**
 * A cluster in virtual time around the production engine, with everything that can go wrong there. After every pass it
 * asks for what must hold; a Violation says what does not.
 */
export class World {
  readonly plan: Plan;
  readonly mail: Mail;
  /** The time of the nodes, which never goes back. */
  now = START;
  /** How far the clock of the operator is from it. */
  skew = 0;
  desired: DesiredState = 'Running';
  isFinished = false;
  /** Calls of decide(). */
  decisions = 0;
  readonly history: string[];
  readonly #pods = new Map<string, Pod>();
  readonly #fates: Draws;
  readonly #known = new Map<string, Pod | Answer>();
  readonly #refusals = new Map<string, number>();
  readonly #forever = new Set<Answer>();
  readonly #settled = new Set<string>();
  readonly #chain = new ChainWitness();
  #witness: Witness;
  #shadow: RunState;
  /** The run that continues this one exists. */
  #hasNext = false;
  readonly #stored: Stored[] = [];
  /** Which pages are damaged, by the number of their first event. */
  readonly #damaged = new Map<number, boolean>();
  #refused = false;
  #records = false;
  #only: ReadonlySet<string> | undefined;
  /** An earlier decision of the reconcile has started something, which may not be seen yet when it is asked again. */
  #hasBegun = false;
  /** The same question once more: nothing has happened in between, so no page breaks either. */
  #asksAgain = false;
  /** What was seen of signals when it was looked last. */
  #seenMail: Pick<Observed, 'inbox' | 'unacknowledged'> = {};

  constructor(plan: Plan, fates: Draws) {
    this.plan = plan;
    this.#fates = fates;
    this.mail = new Mail(plan);
    const { state, encoded } = accept(plan.digest, { n: 2 }, this.now);
    this.history = [encoded];
    this.#stored.push({ text: encodeState(state), desired: this.desired, events: 1, tailFrom: 1 });
    this.#witness = new Witness(plan);
    this.#shadow = replay(decodeEvents(encodeEvents(this.history)));
  }

  get stored(): string {
    return this.#newest.text;
  }

  get #newest(): Stored {
    return this.#stored.at(-1) as Stored;
  }

  get #clock(): number {
    return this.now + this.skew;
  }

  /** One reconcile; what it decided, unless it came to nothing. */
  reconcile(manner: Manner = {}): Decision | undefined {
    const base = this.#stored.at(-1 - (manner.stale ?? 0)) ?? (this.#stored[0] as Stored);
    const isStale = base.text !== this.stored;
    const before = decodeState(base.text);
    // A run that is continuing first sees to it that there is a next one.
    if (before.continuing && !before.finished && !isStale && manner.diesAfter !== 0) this.#hasNext = true;
    const attempts = this.#observe(before, manner.blind ?? 0);
    this.#refused = false;
    this.#records = manner.records ?? false;
    const decision = this.#decideAndApply(base, isStale, attempts, manner);
    this.#records = false;
    // A write names the state that it follows: it is refused where another came before it.
    if (!decision || manner.loses || isStale) return undefined;
    this.#report(decision, attempts, manner);
    this.#hasBegun = false;
    return decision;
  }

  /** Until no start has an answer that the decision did not know of; nothing of a process that died. */
  #decideAndApply(base: Stored, isStale: boolean, attempts: Seen, manner: Manner): Decision | undefined {
    const { diesAfter = Number.POSITIVE_INFINITY, overBudget = false } = manner;
    const desired = isStale ? base.desired : this.desired;
    const begun = new Set<string>();
    for (let round = 0; round <= MAX_ROUNDS + 1; round++) {
      // After some rounds only what was begun is finished, and the next reconcile goes on.
      this.#only = round >= MAX_ROUNDS ? begun : undefined;
      this.#hasBegun = begun.size > 0;
      const decision = this.#decide(base, desired, attempts, overBudget);
      const answers = this.#apply(decision.actions, diesAfter, isStale);
      if (Number.isFinite(diesAfter)) return undefined;
      if (answers.size === 0) return this.#endBegun(decision, begun);
      for (const key of startsIn(decision)) if (!answers.has(key)) begun.add(key);
      for (const [key, answer] of answers) attempts.set(key, answer);
    }
    throw new Violation(`decided ${MAX_ROUNDS + 2} times and not done: ${this.stored}`);
  }

  /** What an earlier round started must not outlive a run that is over now, or goes on as another one. */
  #endBegun(decision: Decision, begun: ReadonlySet<string>): Decision {
    const { finished, continuing } = decision.state;
    if (finished || continuing) for (const key of begun) this.#cancel(key, undefined);
    return decision;
  }

  #decide(base: Stored, desiredState: DesiredState, attempts: Seen, overBudget: boolean): Decision {
    const only = this.#only ? { only: this.#only } : {};
    const next = this.#hasNext ? { continuedAs: 'next' } : {};
    const observed = {
      ...{ desiredState, attempts, begun: this.#hasBegun, ...next, ...this.#seenMail },
      ...(overBudget ? { overBudget } : {}),
      ...only,
      objects: this.#objects(),
      records: this.#records,
      ...{ page: nextPage(base), shareBytes: SHARE_BYTES },
    };
    const given = new Map<string, Given>();
    for (;;) {
      this.decisions++;
      const decision = decide(IDENTITY, this.plan, decodeState(base.text), { ...observed, given }, this.#clock);
      if (decision.wanted.length === 0) return decision;
      for (const wanted of decision.wanted) {
        if (given.has(wanted.path)) throw new Violation(`${wanted.path} is wanted twice: ${base.text}`);
        given.set(wanted.path, this.#give(wanted, base));
      }
    }
  }

  /** What is stored in the pages that are wanted; some of them are damaged, for good. */
  #give({ path, pages }: Wanted, { events, tailFrom }: Stored): Given {
    const page = pages[0] ?? 0;
    const mayBreak = page < tailFrom && !this.#asksAgain;
    const isDamaged = this.#damaged.get(page) ?? (mayBreak && this.#fates.percent(8));
    if (mayBreak) this.#damaged.set(page, isDamaged);
    if (isDamaged) return { damage: 'the page is gone' };
    const isThere = (encoded: string, index: number) => {
      const [event] = decodeEvents(encodeEvents([encoded]));
      if (event?.type !== 'Succeeded' || event.page === undefined) return false;
      if (event.page > index + 1) throw new Violation(`the event ${index + 1} lies before its page ${event.page}`);
      return pages.includes(event.page);
    };
    return placedIn(path, [encodeEvents(this.history.slice(0, events).filter(isThere))]);
  }

  /** Every pod carries proof; which one is seen does not matter, since no two have one attempt. */
  #objects(): Map<string, AttemptObject> {
    const isObject = ([, { task }]: [string, Pod]) => task.resource === undefined;
    const made = (task: Task) => (task.workflow ? 'Child' : 'Pod');
    return new Map([...this.#pods].filter(isObject).map(([key, { task }]) => [key, { backend: made(task), id: key }]));
  }

  #observe(state: RunState, blind: number): Seen {
    const attempts: Seen = new Map();
    const pods = [...this.#pods.values()];
    for (const pod of blind > 0 ? pods.slice(0, -blind) : pods) {
      attempts.set(attemptKey(pod.path, pod.attempt), this.#see(pod));
    }
    const { asked, more } = this.mail.observe(IDENTITY, this.plan, state, blind);
    for (const [key, seen] of asked) attempts.set(key, seen);
    this.#seenMail = more;
    if (blind === 0) return attempts;
    for (const pod of pods.slice(-blind)) pod.isStray = true;
    for (const { path, attempt } of liveAttempts({ identity: IDENTITY, plan: this.plan, state })) {
      const key = attemptKey(path, attempt);
      if (!attempts.has(key)) attempts.set(key, { phase: 'Unknown' });
    }
    return attempts;
  }

  #see({ created, runs, ends, end, value, task }: Pod): AttemptObservation {
    if (this.now < Math.min(runs, ends)) return { phase: 'Pending', since: created };
    if (this.now < ends) return { phase: 'Running', startedAt: runs };
    if (end === 'Lost') return { phase: 'Lost' };
    const times = { startedAt: Math.min(runs, ends), finishedAt: ends };
    const own = { phase: 'Failed', node: `node-${value}`, ...times } as const;
    if (end === 'Deleted') return { ...own, cause: 'Infrastructure', reason: 'PodDeleted', message: 'deleted' };
    if (end === 'Infrastructure') return { ...own, cause: 'Infrastructure', reason: 'Evicted', message: 'evicted' };
    if (end === 'Failed') return { ...own, cause: 'User', reason: 'ExitCode', message: 'exit code 1', exitCode: 1 };
    if (task.run === undefined) return { phase: 'Succeeded', message: '', outputs: { v: value }, ...times };
    return { phase: 'Succeeded', message: task.outputs && value > 0 ? `v=${value}` : '', ...times };
  }

  #apply(actions: readonly Action[], limit: number, isStray: boolean): Map<string, Answer> {
    const answers = new Map<string, Answer>();
    let done = 0;
    for (const action of actions) {
      if (done++ >= limit) break;
      const key = attemptKey(action.path, action.attempt);
      if (action.type === 'Cancel') this.#cancel(key, action.graceSeconds);
      const answer = action.type === 'Start' ? this.#start(key, action, isStray) : undefined;
      if (answer) answers.set(key, answer);
    }
    return answers;
  }

  #cancel(key: string, graceSeconds: number | undefined): void {
    const pod = this.#pods.get(key);
    if (!pod || pod.cancelled) return;
    pod.cancelled = true;
    const grace = Math.min(pod.grace, (graceSeconds ?? 30) * 1000);
    if (this.now + grace < pod.ends) this.#end(pod, this.now + grace);
  }

  #end(pod: Pod, at: number): void {
    pod.ends = at;
    pod.end = 'Deleted';
  }

  #start(key: string, action: Extract<Action, { type: 'Start' }>, isStray: boolean): Answer | undefined {
    if (this.#pods.has(key)) return undefined;
    if (action.rendered.backend === 'Signal') {
      this.mail.ask(action);
      return undefined;
    }
    if (this.#settled.has(key)) {
      if (isStray) return undefined;
      throw new Violation(`${key} is started again after its result was recorded`);
    }
    const fate = this.#known.get(key) ?? this.#draw(action, isStray);
    this.#known.set(key, fate);
    if (isAnswer(fate)) return this.#answer(key, fate);
    const live = [...this.#pods.values()].find(({ path, ends }) => path === action.path && ends > this.now);
    if (live && !isStray && !live.isStray) throw new Violation(`${key} is started while attempt ${live.attempt} runs`);
    this.#pods.set(key, fate);
    return undefined;
  }

  /** A start is refused a few times, and then is not. */
  #answer(key: string, answer: Answer): Answer {
    if (answer.phase === 'Hit' || !answer.retry) return answer;
    const refusals = (this.#refusals.get(key) ?? 0) + 1;
    this.#refusals.set(key, refusals);
    this.#refused = true;
    if (refusals >= 3 && !this.#forever.has(answer)) this.#known.delete(key);
    return answer;
  }

  #draw({ path, attempt, task }: Extract<Action, { type: 'Start' }>, isStray: boolean): Pod | Answer {
    const draws = this.#fates;
    const message = 'the fate of it';
    if (task.cache && draws.percent(40)) return { phase: 'Hit', outputs: { v: 7 }, from: `other/${path}` };
    if (draws.percent(3)) return { phase: 'Refused', reason: 'PodRejected', message, retry: false };
    const wasRefused = this.#refusals.has(attemptKey(path, attempt));
    if (!wasRefused && draws.percent(task.semaphores ? 40 : 3)) {
      return this.#refusal(task, message);
    }
    const end = draws.pick([
      'Succeeded',
      'Succeeded',
      'Succeeded',
      'Succeeded',
      'Failed',
      'Failed',
      'Infrastructure',
      'Lost',
    ] as const);
    const runs = this.now + draws.pick([0, 0, 0, 500, 5000]);
    const ends = draws.percent(4) ? Number.POSITIVE_INFINITY : runs + 1 + draws.below(4000);
    const rest = { value: draws.below(3), grace: draws.pick([1, 500, 3000]) };
    return { path, attempt, task, created: this.now, runs, ends, end, ...rest, cancelled: false, isStray };
  }

  /** Mostly for a while; sometimes for ever, if any bound ends the wait. */
  #refusal({ timeout, pendingTimeout }: Task, message: string): Answer {
    const reason = this.#fates.pick(['Quota', 'Semaphore', 'SemaphoreNotFound'] as const);
    const answer = { phase: 'Refused', reason, message, retry: true } as const;
    const isBounded = reason !== 'Semaphore' || timeout !== undefined || pendingTimeout !== undefined;
    if (isBounded && this.#fates.percent(30)) this.#forever.add(answer);
    return answer;
  }

  /** State and events are stored together; then what is recorded is let go of. */
  #report(decision: Decision, attempts: Seen, manner: Manner): void {
    const text = encodeState(decision.state);
    for (const event of decodeEvents(encodeEvents(decision.encoded))) {
      const problem = this.#chain.see(event, this.#witness.live.size);
      if (problem !== undefined) throw new Violation(`${JSON.stringify(event)}: ${problem}`);
      this.#witness.see(event);
      evolve(this.#shadow, event);
    }
    const folded = encodeState(this.#shadow);
    if (folded !== text) throw new Violation(`the fold of the history is not the state:\n${folded}\n${text}`);
    if (utf8Length(text) > MAX_STATE_BYTES) throw new Violation(`the state has ${utf8Length(text)} bytes`);
    if (decision.events.length === 0 && text !== this.stored) throw new Violation('the state changed without an event');
    const tailFrom = nextPage(this.#newest);
    this.history.push(...decision.encoded);
    const stored = { text, desired: this.desired, events: this.history.length, tailFrom };
    if (text !== this.stored) this.#stored.push(stored);
    if (this.#stored.length > 4) this.#stored.shift();
    if (!decision.more && !this.#only) this.#checkComplete(decision, attempts);
    this.isFinished = decision.state.finished !== undefined;
    if (!manner.keeps) this.#letGo(decision.state);
    if (this.isFinished) this.#checkEnd(decision.state);
    if (decision.state.finished?.reason === 'ContinuedAsNew') this.#continue(decision.state);
  }

  /** The next run of the chain begins, with nothing but what is stored of this one. */
  #continue(before: RunState): void {
    const { state, encoded } = acceptContinuing(decodeState(this.stored), this.#clock);
    const isAnew = before.continuing?.parameters !== undefined;
    if (isAnew) {
      this.#witness = new Witness(this.plan);
      this.mail.begin();
    } else this.#witness.goOn(state.at - before.at);
    this.#forgetAttempts(state);
    this.history.splice(0, this.history.length, encoded);
    this.#shadow = replay(decodeEvents(encodeEvents(this.history)));
    const text = encodeState(state);
    if (encodeState(this.#shadow) !== text) throw new Violation(`the first event does not fold to the state: ${text}`);
    this.#stored.splice(0, this.#stored.length, { text, desired: this.desired, events: 1, tailFrom: 1 });
    this.#damaged.clear();
    this.#hasNext = false;
    this.isFinished = false;
  }

  /** Attempts are those of a run; what has ended in the chain is never to be started again. */
  #forgetAttempts(next: RunState): void {
    this.#pods.clear();
    this.#refusals.clear();
    for (const key of [...this.#settled, ...this.#known.keys()]) {
      const { path, attempt } = parseAttemptKey(key);
      if (isSettled(next, path, attempt)) continue;
      this.#settled.delete(key);
      this.#known.delete(key);
    }
  }

  /** Asked again at once, the engine has nothing new to say, and something is to come that it waits for. */
  #checkComplete(decision: Decision, attempts: Seen): void {
    const seen: Seen = new Map(attempts);
    for (const { type, path, attempt } of decision.actions) {
      if (type === 'Start') seen.set(attemptKey(path, attempt), { phase: 'Running', startedAt: this.now });
    }
    this.#asksAgain = true;
    const again = this.#decide(this.#newest, this.desired, seen, false);
    this.#asksAgain = false;
    // A pod of a decision that was lost may have to wait until its unit is known; then its own events lead to it.
    if (again.events.some((event) => event.type === 'Started' && event.adopted)) return;
    const isNew = again.events.length > 0 || again.actions.some(({ type }) => type === 'Start');
    if (isNew) throw new Violation(`asked again at once: ${again.encoded} after: ${this.#tell(decision)}`);
    if ((again.wakeAt ?? Number.POSITIVE_INFINITY) < (decision.wakeAt ?? Number.POSITIVE_INFINITY)) {
      throw new Violation(`to be woken at ${decision.wakeAt}, asked again: ${again.wakeAt}: ${this.#tell(decision)}`);
    }
    if (decision.wakeAt !== undefined && decision.wakeAt <= this.#clock) throw new Violation('to be woken in the past');
    const refused = [...attempts.values()].some((each) => each.phase === 'Refused' && each.retry);
    this.#checkWaits(decision, attempts);
    const isWaiting =
      decision.wakeAt !== undefined || refused || this.desired === 'Paused' || this.#witness.live.size > 0;
    if (!decision.state.finished && !isWaiting) throw new Violation(`it waits for nothing: ${this.#tell(decision)}`);
  }

  /** What is ready waits no longer than its bounds allow. */
  #checkWaits({ state }: Decision, attempts: Seen): void {
    if (state.stop || state.finished || state.continuing) return;
    const refused = new Set(
      [...attempts].flatMap(([key, seen]) => (seen.phase === 'Refused' ? [parseAttemptKey(key).path] : [])),
    );
    const t = Math.max(state.t, this.#clock - state.at);
    const problem = this.#witness.waits.overdue(t, (path) => refused.has(path));
    if (problem !== undefined) throw new Violation(problem);
  }

  #letGo(state: RunState): void {
    for (const [key, pod] of this.#pods) {
      if (!isSettled(state, pod.path, pod.attempt)) continue;
      const goesOn = pod.ends > this.now && !pod.cancelled && !pod.isStray;
      if (goesOn && this.isFinished) throw new Violation(`${key} goes on after the end of the run`);
      if (goesOn) continue;
      this.#pods.delete(key);
      this.#settled.add(key);
    }
  }

  #checkEnd({ continuing }: RunState): void {
    // One that goes on from where it is has not come to its end.
    if (!continuing || continuing.parameters) this.#witness.end();
    const folded = encodeState(replay(decodeEvents(encodeEvents(this.history))));
    if (folded !== this.stored) throw new Violation('the whole history does not fold to the state');
  }

  /** Nothing goes wrong any more: the run must end, by itself or, if what it waits for never comes, when it is stopped. */
  converge(): void {
    if (this.desired === 'Paused') this.desired = 'Running';
    for (let passes = 0; !this.isFinished; passes++) {
      if (passes > MAX_PASSES) throw new Violation(`it does not end: ${this.stored}`);
      const decision = this.reconcile();
      // After the end of a run that was continued, the next one has its turn at once.
      if (decision && !decision.more && !decision.state.finished) this.#wait(decision.wakeAt);
    }
    this.#only = undefined;
    const quiet = this.#decide(this.#newest, this.desired, this.#observe(decodeState(this.stored), 0), false);
    if (quiet.events.length + quiet.actions.length > 0)
      throw new Violation(`not quiet in the end: ${this.#tell(quiet)}`);
  }

  /** Until something changes; where nothing ever does, somebody stops the run, and then in earnest. */
  #wait(wakeAt: number | undefined): void {
    const next = this.nextMoment(wakeAt);
    this.now = next ?? this.now;
    if (next !== undefined) return;
    if (this.desired === 'Terminated') throw new Violation(`terminated, and still it does not end: ${this.stored}`);
    this.desired = this.desired === 'Running' ? 'Cancelled' : 'Terminated';
  }

  /** When something changes by itself: a pod does, or the engine asked to be woken. */
  nextMoment(wakeAt?: number): number | undefined {
    const moments = [...this.#pods.values()].flatMap(({ runs, ends }) => [runs, ends]);
    if (wakeAt !== undefined) moments.push(wakeAt - this.skew);
    if (this.#refused) moments.push(this.now + REFUSED_AGAIN_MS);
    const next = Math.min(...moments.filter((moment) => moment > this.now));
    return Number.isFinite(next) ? next : undefined;
  }

  /** Signals learn of their ends. */
  tellSignals(): void {
    this.mail.tell(decodeState(this.stored));
  }

  /** Somebody deletes a pod. */
  deletePod(which: number): void {
    const running = [...this.#pods.values()].filter(({ ends }) => ends > this.now);
    const pod = running[which % Math.max(1, running.length)];
    if (pod) this.#end(pod, this.now);
  }

  #tell({ encoded, actions, wakeAt }: Decision): string {
    const acts = actions.map(({ type, path, attempt }) => `${type} ${attemptKey(path, attempt)}`);
    return `${JSON.stringify([...encoded, ...acts, wakeAt])}\nstate ${this.stored}`;
  }
}

const isAnswer = (fate: Pod | Answer): fate is Answer => 'phase' in fate;

function startsIn({ actions }: Decision): string[] {
  return actions.flatMap(({ type, path, attempt }) => (type === 'Start' ? [attemptKey(path, attempt)] : []));
}
