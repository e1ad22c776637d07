import type { HistoryEvent } from '../../api/index.ts';

/** How a run with `continueAsNew` may end though its tasks ended well. */
const INSTEAD: ReadonlySet<string> = new Set(['ContinuedAsNew', 'InvalidParameters', 'ExpressionError']);

/** What the events of a chain say over all of its runs; a problem, if they say what can't be. */
export class ChainWitness {
  readonly #taken = new Set<string>();
  #index = 0;
  #continuing = false;

  see(event: HistoryEvent, live: number): string | undefined {
    if (event.type === 'Judged' && event.phase === 'Delivered' && this.#taken.has(event.uid)) {
      return 'a second time in its chain';
    }
    if (event.type === 'Judged') this.#taken.add(event.uid);
    if (this.#continuing) return this.#end(event);
    if (event.type === 'Finished' && event.reason === 'ContinuedAsNew') return 'of a run that was not continuing';
    if (event.type !== 'Continuing') return undefined;
    if (live > 0) return `while ${live} attempts live`;
    if (event.index !== this.#index + 1) return `after the run ${this.#index} of its chain`;
    this.#continuing = true;
    return undefined;
  }

  #end(event: HistoryEvent): string | undefined {
    if (event.type !== 'Finished' || event.reason !== 'ContinuedAsNew') return 'in a run that was continuing';
    this.#continuing = false;
    this.#index++;
    return undefined;
  }
}

/** Whether a run ends so only after its tasks ended well. */
export const endsInstead = (reason: string): boolean => INSTEAD.has(reason);
