import type { Concurrency } from '../../../api/index.ts';
import type { OrderedSet } from './ordered-set.ts';

/** A run as the limit on its workflow sees it. */
export interface Contender {
  readonly uid: string;
  readonly name: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly priority: number;
}

/** The runs that count together. */
export interface Contest {
  /** The runs in progress by age, of each chain the newest. */
  readonly active: OrderedSet<Contender>;
  /** The runs that could start, by turn. */
  readonly waiting: OrderedSet<Contender>;
  /** The same by age. */
  readonly waitingByAge: OrderedSet<Contender>;
}

/**
 * What a run that could start does. `Replace`: it waits until those runs have ended, which are to be cancelled first.
 */
export type Turn =
  | { readonly type: 'Go' }
  | { readonly type: 'Wait'; readonly message: string }
  | { readonly type: 'Skip'; readonly message: string }
  | { readonly type: 'Replace'; readonly message: string; readonly cancel: readonly Contender[] };

/** Places up to this one are told exactly. */
const EXACT = 10;

const byName = (a: Contender, b: Contender): number => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1);

/** The oldest first; of the same age the smaller name. */
export const byAge = (a: Contender, b: Contender): number => a.createdAt - b.createdAt || byName(a, b);

/** The order in which waiting runs start: the higher priority, then the older, then the smaller name. */
export const byTurn = (a: Contender, b: Contender): number => b.priority - a.priority || byAge(a, b);

/**
 * Decides on the present state, not on what happened. The run itself may be among those that wait. The cost does not grow
 * with the number of waiting runs, except for a few comparisons. Pure.
 */
export function turnOf({ limit = 1, policy = 'Queue' }: Concurrency, run: Contender, contest: Contest): Turn {
  const { active, waiting } = contest;
  if (policy === 'CancelRunning') return replacing(limit, run, contest);
  const ahead = waiting.before(run);
  if (active.size + ahead < limit) return { type: 'Go' };
  if (policy === 'Skip') return { type: 'Skip', message: `not started: ${underWay(limit, active)}` };
  return { type: 'Wait', message: queued(limit, active, ahead + 1) };
}

/** The newest runs have the places; the oldest make room. */
function replacing(limit: number, run: Contender, { active, waitingByAge }: Contest): Turn {
  const newer = waitingByAge.after(run);
  const newerActive = active.after(run);
  if (newer + newerActive >= limit) {
    const [next] = [...waitingByAge.last(newer).slice(0, 1), ...active.last(newerActive).slice(0, 1)].sort(byAge);
    return { type: 'Skip', message: `not started: superseded by the newer run ${next?.name}` };
  }
  const room = limit - newer - 1;
  if (active.size <= room) return { type: 'Go' };
  const cancel = active.first(active.size - room);
  const names = cancel.slice(0, 3).map(({ name }) => name);
  return { type: 'Replace', message: `waiting for ${names.join(', ')}, which this run replaces, to end`, cancel };
}

/** Places far behind are told roughly, and without the runs in progress: each other text would be a write. */
function queued(limit: number, active: OrderedSet<Contender>, place: number): string {
  if (place <= EXACT) return `queued: ${underWay(limit, active)}; position ${place}`;
  const step = 10 ** Math.floor(Math.log10(place));
  return `queued: at most ${runs(limit)} in progress; position over ${Math.floor((place - 1) / step) * step}`;
}

function underWay(limit: number, active: OrderedSet<Contender>): string {
  const [oldest] = active.first(1);
  const who = oldest ? `, oldest: ${oldest.name}` : '';
  return `${active.size} of at most ${runs(limit)} in progress${who}`;
}

const runs = (count: number): string => `${count} run${count === 1 ? '' : 's'}`;
