import type { Concurrency } from '../../../api/index.ts';
import { type KeyOf, type Lines, type Standing, UNKNOWN } from './lines.ts';
import { byTurn, type Contender } from './turn.ts';

/**
 * The runs that may start because one of this standing has given up its place, in the order of their turns: as many as
 * there are free places. Of an unknown key it counted everywhere, so it makes room everywhere. Pure.
 */
export function nextInTurn(lines: Lines, concurrency: Concurrency, left: Pick<Standing, 'key' | 'place'>): Contender[] {
  const keys: KeyOf[] = left.key === UNKNOWN ? [...lines.keys] : [left.key, UNKNOWN];
  return keys.flatMap((key) => nextOf(lines, concurrency, left.place, key)).sort(byTurn);
}

function nextOf(lines: Lines, { limit = 1, policy }: Concurrency, left: Standing['place'], key: KeyOf): Contender[] {
  const { active, waiting, waitingByAge } = lines.of(key);
  if (policy !== 'CancelRunning') return waiting.first(limit - active.size);
  // The newest runs start; the others learn that they are superseded.
  return left === 'Active' ? waiting.first(waiting.size) : waitingByAge.last(limit);
}
