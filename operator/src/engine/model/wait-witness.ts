import { type HistoryEvent, parseDuration, type Task, type TaskDefaults } from '../../api/index.ts';

interface Wait {
  /** When the task begins to take time, and when `pendingTimeout` begins. */
  first: number;
  since: number;
  readonly timeout: number;
  readonly pending: number;
}

type Limits = Pick<Task, 'timeout' | 'pendingTimeout'>;
const ms = (text: string | undefined): number => (text === undefined ? Number.POSITIVE_INFINITY : parseDuration(text));

/** Watches the starts that are refused: none may be waited for beyond what the definition allows. */
export class WaitWitness {
  readonly #waits = new Map<string, Wait>();
  #pausedAt: number | undefined;

  /** @returns what must not be, if it is */
  see(event: HistoryEvent, task: Task | undefined, defaults: TaskDefaults | undefined): string | undefined {
    if (event.type === 'DesiredStateChanged') return this.#desire(event.desired, event.t);
    if (!('path' in event) || event.path === undefined) return undefined;
    const { path } = event;
    const wait = this.#waits.get(path);
    if (event.type === 'Held') {
      this.#waits.set(path, this.#begun(event.t, wait, event.reason, task, defaults));
      return undefined;
    }
    const isLate = event.type === 'Started' && !event.adopted && wait && event.t >= wait.first + wait.timeout;
    const isOver = (each: string) =>
      (ENDS.has(event.type) && isIn(each, path)) || (event.type === 'Stopping' && each !== path && isIn(each, path));
    // Nothing starts any more inside of a unit that is stopping, so nothing waits there.
    for (const each of this.#waits.keys()) if (isOver(each)) this.#waits.delete(each);
    return isLate ? `after its timeout, which began at ${wait.first}` : undefined;
  }

  /** Whether any refused start is waited for longer than it may be. */
  overdue(t: number, isRefused: (path: string) => boolean): string | undefined {
    if (this.#pausedAt !== undefined) return undefined;
    for (const [path, { first, since, timeout, pending }] of this.#waits) {
      if (t >= first + timeout) return `${path} waits since ${first}, beyond its timeout of ${timeout}`;
      if (t >= since + pending && isRefused(path)) return `${path} waits since ${since}, beyond ${pending}`;
    }
    return undefined;
  }

  /** The run goes on as another one, which began so much later. */
  goOn(later: number): void {
    for (const wait of this.#waits.values()) {
      wait.first -= later;
      wait.since -= later;
    }
  }

  #begun(t: number, before: Wait | undefined, reason: string, task?: Limits, defaults?: Limits): Wait {
    const isMeant = reason === 'Semaphore' || reason === 'CacheBusy';
    const pending = task?.pendingTimeout ?? defaults?.pendingTimeout ?? (isMeant ? undefined : '15m');
    return { first: before?.first ?? t, since: t, timeout: ms(task?.timeout), pending: ms(pending) };
  }

  #desire(desired: string, t: number): undefined {
    const paused = this.#pausedAt === undefined ? 0 : t - this.#pausedAt;
    this.#pausedAt = desired === 'Paused' ? t : undefined;
    this.goOn(-paused);
  }
}

const ENDS: ReadonlySet<HistoryEvent['type']> = new Set([
  'Started',
  'Retrying',
  'Succeeded',
  'Failed',
  'Skipped',
  'Cancelled',
]);

const isIn = (path: string, outer: string): boolean =>
  path === outer || path.startsWith(`${outer}/`) || path.startsWith(`${outer}[`);
