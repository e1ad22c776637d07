/** The replay oracle: the history of a run, folded, is its stored state, byte for byte. Asked after every run. */
import type { RunJournal, WorkflowRun } from '../../src/api/index.ts';
import { digestText, encodeState, joinHistory, replay } from '../../src/engine/index.ts';

/**
 * What is wrong with the history of a run, one sentence each; nothing when all is well.
 * @param journals pages of any runs of the namespace; those of others are left out
 */
export function historyProblems(run: WorkflowRun, journals: readonly RunJournal[]): string[] {
  const { state, journal, seq } = run.status ?? {};
  if (state === undefined || !journal) return ['the run has no state or no journal'];
  const pages = journals
    .map(({ spec }) => spec)
    .filter(({ runRef }) => runRef.uid === run.metadata.uid)
    .sort((a, b) => a.firstSeq - b.firstSeq);
  const problems: string[] = [];
  // A page of a write that failed lies after the trimmed tail's start; only those that the status counts are history.
  const counted = pages.filter((page) => page.lastSeq < journal.firstSeq);
  if (counted.length !== journal.pages) problems.push(`status counts ${journal.pages} pages, ${counted.length} exist`);
  let expected = 1;
  for (const page of counted) {
    if (page.firstSeq !== expected) problems.push(`a page begins at ${page.firstSeq} instead of ${expected}`);
    if (digestText(page.events) !== page.digest) problems.push(`the page from ${page.firstSeq} has another digest`);
    expected = page.lastSeq + 1;
  }
  if (journal.firstSeq !== expected) problems.push(`the tail begins at ${journal.firstSeq} instead of ${expected}`);
  const events = joinHistory(counted, journal.tail);
  if (events.length !== seq) problems.push(`status.seq is ${seq}, the history has ${events.length} events`);
  const folded = encodeState(replay(events));
  if (folded !== state) problems.push(`the fold of the history is not the state:\n  fold  ${folded}\n  state ${state}`);
  return problems;
}
