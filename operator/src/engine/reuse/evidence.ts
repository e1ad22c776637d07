import type { Outputs } from '../../api/index.ts';
import type { Plan } from '../plan/plan.ts';
import type { Answered } from './approvals.ts';

/** What the history of a run says of it beyond its state. */
export interface Evidence {
  /** What its units handed on, by path. */
  readonly outputs: ReadonlyMap<string, Outputs>;
  /** What was answered in its tasks. */
  readonly answered: ReadonlyMap<string, Answered>;
}

/** Whether a task hands on to one that is not taken over. */
export function isStillRead(plan: Plan, name: string, { whole }: { readonly whole: ReadonlySet<string> }): boolean {
  return (plan.readers.get(name) ?? []).some((reader) => !whole.has(reader));
}
