import type { Concurrency } from '../../../../api/index.ts';
import type { Contender, Turn } from '../turn.ts';

/** Of those that wait: the higher priority, then the older, then the smaller name. */
export const byTurn = (a: Contender, b: Contender): number =>
  b.priority - a.priority || a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1);

const byAge = (a: Contender, b: Contender): number => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1);

/** What `turnOf` has to decide, by looking at all runs. */
export function naiveTurn(
  { limit = 1, policy = 'Queue' }: Concurrency,
  run: Contender,
  active: readonly Contender[],
  pending: readonly Contender[],
): Turn {
  const others = pending.filter(({ uid }) => uid !== run.uid);
  if (policy === 'CancelRunning') return replacing(limit, run, active, others);
  const ahead = others.filter((other) => byTurn(other, run) < 0).length;
  if (active.length + ahead < limit) return { type: 'Go' };
  const under = underWay(limit, active);
  if (policy === 'Skip') return { type: 'Skip', message: `not started: ${under}` };
  return { type: 'Wait', message: `queued: ${under}; position ${rounded(ahead + 1)}` };
}

/** The newest runs have the places; the oldest make room. */
function replacing(limit: number, run: Contender, active: readonly Contender[], pending: readonly Contender[]): Turn {
  const newer = [...active, ...pending].filter((other) => byAge(other, run) > 0);
  if (newer.length >= limit) {
    const [next] = newer.sort(byAge);
    return { type: 'Skip', message: `not started: superseded by the newer run ${next?.name}` };
  }
  const winners = pending.filter((other) => byAge(other, run) > 0).length + 1;
  const room = limit - winners;
  if (active.length <= room) return { type: 'Go' };
  const cancel = [...active].sort(byAge).slice(0, active.length - Math.max(0, room));
  const names = cancel.slice(0, 3).map(({ name }) => name);
  return { type: 'Replace', message: `waiting for ${names.join(', ')}, which this run replaces, to end`, cancel };
}

function underWay(limit: number, active: readonly Contender[]): string {
  const [oldest] = [...active].sort(byAge);
  const who = oldest ? `, oldest: ${oldest.name}` : '';
  return `${active.length} of at most ${limit} run${limit === 1 ? '' : 's'} in progress${who}`;
}

/** Places far behind are told roughly: each other text would be a write. */
function rounded(place: number): string {
  if (place <= 10) return String(place);
  const step = 10 ** Math.floor(Math.log10(place));
  return `over ${Math.floor((place - 1) / step) * step}`;
}
