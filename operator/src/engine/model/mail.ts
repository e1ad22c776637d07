import type { AttemptObservation, DataSignal, ObservedResponse, SignalRequest } from '../../api/index.ts';
import {
  type Action,
  attemptKey,
  isSettled,
  liveAttempts,
  type Observed,
  type Plan,
  type RunIdentity,
  type RunState,
} from '../index.ts';
import type { Draws } from './draws.ts';

const USERS = ['u1', 'u2', 'u3', 'u4'] as const;
const NAMES = ['x', 'y'] as const;
/** Data that nobody has taken, at most. */
const MAX_PENDING = 12;

interface Asked {
  uid: string;
  readonly request: SignalRequest;
  readonly responses: ObservedResponse[];
  isEnded: boolean;
}

type Sent = DataSignal & { isEnded?: boolean };
type Start = Extract<Action, { type: 'Start' }>;

/**
 * The signals of a run: those that its tasks make, with what people answer, and the data that is sent to it. They are
 * objects of their own: they live on over crashes, are deleted by people, and tell only later how they ended.
 */
export class Mail {
  readonly #isUsed: boolean;
  readonly #asked = new Map<string, Asked>();
  readonly #sent: Sent[] = [];
  #made = 0;

  constructor(plan: Plan) {
    this.#isUsed = /"(approval|waitForSignal)":/.test(JSON.stringify(plan.definition));
  }

  /** Making a signal that is there makes nothing. */
  ask({ path, attempt, rendered }: Pick<Start, 'path' | 'attempt' | 'rendered'>): void {
    const key = attemptKey(path, attempt);
    if (rendered.backend !== 'Signal' || this.#asked.has(key)) return;
    this.#asked.set(key, { uid: `a${this.#made++}`, request: rendered.request, responses: [], isEnded: false });
  }

  /** What there is to see of it, but for so many of the newest answers and data. A signal that is gone is made again. */
  observe(identity: RunIdentity, plan: Plan, state: RunState, blind: number) {
    const asked: [string, AttemptObservation][] = [];
    if (!this.#isUsed) return { asked, more: {} };
    for (const live of liveAttempts({ identity, plan, state })) {
      const { path, attempt, rendered } = live;
      if (rendered?.backend !== 'Signal') continue;
      this.ask({ path, attempt, rendered });
      const key = attemptKey(path, attempt);
      const { uid, responses } = this.#asked.get(key) as Asked;
      const seen = responses.slice(0, responses.length - blind);
      asked.push([key, { phase: 'Asked', signal: { uid, name: key }, responses: seen }]);
    }
    const inbox = this.#sent.filter(({ isEnded }) => !isEnded);
    const ended = new Set(this.#sent.flatMap(({ uid, isEnded }) => (isEnded ? [uid] : [])));
    for (const { uid, isEnded } of this.#asked.values()) if (isEnded) ended.add(uid);
    const unacknowledged = new Set([...state.verdicts.keys()].filter((uid) => this.#exists(uid) && !ended.has(uid)));
    const more: Pick<Observed, 'inbox' | 'unacknowledged'> = {
      inbox: inbox.slice(0, inbox.length - blind),
      unacknowledged,
    };
    return { asked, more };
  }

  #exists(uid: string): boolean {
    return this.#sent.some((sent) => sent.uid === uid) || [...this.#asked.values()].some((asked) => asked.uid === uid);
  }

  /** The signals say how they ended, as the stored state knows. */
  tell(state: RunState): void {
    for (const sent of this.#sent) if (state.verdicts.has(sent.uid)) sent.isEnded = true;
    for (const [key, asked] of this.#asked) {
      const at = key.lastIndexOf('#');
      if (isSettled(state, key.slice(0, at), Number(key.slice(at + 1)))) asked.isEnded = true;
    }
  }

  /** Somebody answers one of those that wait, for the first time. */
  answer(draws: Draws, now: number): void {
    const open = [...this.#asked.values()].filter(({ isEnded }) => !isEnded);
    if (open.length === 0) return;
    const { request, responses } = draws.pick(open);
    const username = draws.pick(USERS);
    if (responses.some((response) => response.username === username)) return;
    const isAttested = draws.percent(75);
    responses.push({
      username,
      groups: draws.some(['g1', 'g2'], 40),
      attested: isAttested,
      ...(isAttested ? { time: now } : {}),
      digest: draws.percent(90) ? request.digest : 'of something else',
      ...(draws.percent(90) ? { decision: draws.percent(75) ? 'Approve' : 'Reject' } : {}),
      ...(draws.percent(50) ? { values: { v: draws.pick(['1', '2', 'two']) } } : {}),
    });
  }

  send(draws: Draws, now: number): void {
    if (this.#sent.filter(({ isEnded }) => !isEnded).length >= MAX_PENDING) return;
    const uid = `d${this.#made++}`;
    const username = draws.pick(USERS);
    const sender = { username, groups: [], attested: draws.percent(75), time: now };
    const values = draws.pick([{}, { v: '3' }, { v: 'three' }]);
    this.#sent.push({ uid, object: uid, name: draws.pick(NAMES), values: values as Record<string, string>, sender });
  }

  /** A new run asks anew; what was sent is for the whole chain. */
  begin(): void {
    this.#asked.clear();
  }

  /** Somebody deletes a signal; the next look at it makes it again, without its answers. */
  delete(which: number): void {
    const keys = [...this.#asked.keys()];
    const key = keys[which % Math.max(1, keys.length)];
    if (key !== undefined) this.#asked.delete(key);
  }
}
