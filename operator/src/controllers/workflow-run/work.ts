import type { WorkflowRun } from '../../api/index.ts';
import { extendJournal, type Journal, type Plan } from '../../engine/index.ts';
import type { RunContext } from '../../executors/index.ts';
import { utf8Length } from '../../json/index.ts';

/** A first event up to this size is stored together with what follows from it. */
const MAX_FIRST_BYTES = 36 * 1024;

/** A run with everything that its reconcile works on. */
export interface Work {
  readonly run: WorkflowRun;
  readonly context: RunContext;
  readonly plan: Plan;
  readonly revision: string;
  /** The encoded state that the reconcile starts from, and the events that are in it but not yet stored. */
  readonly before: string;
  readonly unstored: readonly string[];
  readonly journal: Journal | undefined;
}

/** Whether the first events are stored before anything is decided on them: together they might not fit. */
export const isMuch = ({ unstored }: Work): boolean =>
  unstored.length > 1 || utf8Length(unstored[0] ?? '') > MAX_FIRST_BYTES;

/** The journal with new events. A write that only shows something cuts no page. */
export function journalWith({ journal, run }: Work, events: readonly string[]): ReturnType<typeof extendJournal> {
  return events.length === 0 && journal ? { journal } : extendJournal(journal, run.status?.seq ?? 0, events);
}
