import type { HistoryEvent } from '../../api/index.ts';
import type { PlannedTask } from '../plan/plan.ts';

type EventOf<T extends HistoryEvent['type']> = Extract<HistoryEvent, { type: T }>;
type Answering = EventOf<'Responded' | 'Judged' | 'Escalated'>;

/** What the events about answers say, by themselves; a problem, if they say what can't be. */
export class AnswerWitness {
  readonly #judged = new Set<string>();
  readonly #votes = new Map<string, Map<string, { approves: boolean; later: boolean }>>();
  readonly #escalated = new Set<string>();
  /** Paths that time has decided. */
  readonly #expired = new Set<string>();
  /** The number of the newest data that was looked at, by name of what it is sent to. */
  readonly #newest = new Map<string, number>();

  see(event: Answering, isLive: boolean): string | undefined {
    if (event.type === 'Judged') return this.#judge(event, isLive);
    if (!isLive) return 'and its task asks nobody';
    if (event.type === 'Escalated') {
      if (this.#escalated.has(event.path)) return 'a second time';
      this.#escalated.add(event.path);
      return undefined;
    }
    const votes = this.#votes.get(event.path) ?? new Map();
    this.#votes.set(event.path, votes);
    for (const { username, decision, later = false, ...vote } of event.votes) {
      if (votes.has(username)) return `and ${username} had answered already`;
      votes.set(username, { approves: decision === 'Approve' && vote.void === undefined, later });
    }
    return undefined;
  }

  /** A signal comes to one end; what is delivered goes to a task that waits; data is looked at in the order of sending. */
  #judge({ uid, phase, path = '' }: EventOf<'Judged'>, isLive: boolean): string | undefined {
    if (this.#judged.has(uid)) return 'a second time';
    this.#judged.add(uid);
    if (!isLive) return 'by a task that does not wait';
    if (phase === 'Expired') this.#expired.add(path);
    if (!uid.startsWith('d')) return undefined;
    const number = Number(uid.slice(1));
    const name = path.replaceAll(/\d+/g, 'n');
    if (number <= (this.#newest.get(name) ?? -1)) return 'after one that was sent later';
    this.#newest.set(name, number);
    return undefined;
  }

  /** Whether as many have approved as were needed, or time did. */
  mayHaveSucceeded(path: string, { task: { approval } }: PlannedTask): boolean {
    if (!approval || this.#expired.has(path)) return true;
    const { approvals = 1, escalation, expiresAfter, onExpiry } = approval;
    const isEscalated = this.#escalated.has(path);
    const needed = (isEscalated ? escalation?.approvals : undefined) ?? approvals;
    const votes = [...(this.#votes.get(path)?.values() ?? [])];
    const counting = votes.filter(({ approves, later }) => approves && (!later || isEscalated)).length;
    // Where the signal was gone when time decided, no end of it is recorded.
    const byTime = expiresAfter !== undefined && (isEscalated ? escalation?.onExpiry : onExpiry) === 'Approve';
    return counting >= needed || byTime;
  }
}
