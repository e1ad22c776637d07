import { decodeEvents, type HistoryEvent } from '../api/index.ts';
import { begin, evolve } from './state/evolve.ts';
import { type RunState, STATE_VERSIONS } from './state/state.ts';
import { UnknownStateVersionError } from './state/state-codec.ts';

/**
 * Folds a whole history into the state that it ends in, with the same `evolve` that production runs.
 * @throws RangeError when the history does not begin with Accepted
 */
export function replay(events: readonly HistoryEvent[]): RunState {
  const [first, ...rest] = events;
  if (first?.type !== 'Accepted') throw new RangeError('a history begins with the event Accepted');
  if (!STATE_VERSIONS.includes(first.stateVersion)) {
    throw new UnknownStateVersionError(
      `the history has state version ${first.stateVersion}, this operator reads ${STATE_VERSIONS.join(' and ')}`,
    );
  }
  return rest.reduce(evolve, begin(first));
}

/** The history of a run from the texts of its pages, in any order, and its tail. */
export function joinHistory(pages: readonly { firstSeq: number; events: string }[], tail: string): HistoryEvent[] {
  const ordered = [...pages].sort((a, b) => a.firstSeq - b.firstSeq);
  return [...ordered.map((page) => page.events), tail].flatMap(decodeEvents);
}
