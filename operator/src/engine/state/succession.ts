import { encodeEvent, type HistoryEvent } from '../../api/index.ts';
import { acceptNext } from './chain.ts';
import { begin } from './evolve.ts';
import type { RunState } from './state.ts';

/** Version of histories that begin with what is carried: an operator that would not see it must not go on. */
const CHAIN_VERSION = 3;

/**
 * The first event of the run that continues one, and the state after it. Nothing of the other run is needed after that.
 * @param before the stored state of the run that is continued
 * @param now epoch milliseconds
 */
export function acceptContinuing(
  before: RunState,
  now: number,
): { state: RunState; encoded: string; event: HistoryEvent } {
  const event = acceptNext(before, CHAIN_VERSION, now);
  return { state: begin(event), encoded: encodeEvent(event), event };
}
