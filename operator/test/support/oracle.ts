/** The replay oracle: the history of a run, folded, is its stored state, byte for byte. Asked after every run. */
import type { RunJournal, WorkflowRun } from '../../src/api/index.ts';
import { digestOfPage, digestText, encodeState, joinHistory, replay } from '../../src/engine/index.ts';

/**
 * What is wrong with the history of a run, one sentence each; nothing when all is well.
 * @param journals pages of any runs of the namespace; those of others are left out
 */
export function historyProblems(run: WorkflowRun, journals: readonly RunJournal[]): string[] {
  const { state, journal, seq } = run.status ?? {};
  if (state === undefined || !journal) return ['the run has no state or no journal'];
  const { named, missing } = namedPages(run, journals);
  const pages = journals
    .map(({ spec }) => spec)
    .filter(({ runRef }) => runRef.uid === run.metadata.uid)
    // What a stranger put in the place of a page is no page.
    .filter((page) => named.get(page.firstSeq)?.has(page) ?? true)
    .sort((a, b) => a.firstSeq - b.firstSeq);
  const problems: string[] = [];
  if (missing !== undefined) problems.push(`the page from ${missing} is not the one that the next one names`);
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
  return [...problems, ...foldProblems(counted, journal.tail, state, seq)];
}

/** From the newest page that the status names, each page by the one after it, with all objects that hold just that. */
function namedPages(
  { metadata, status }: WorkflowRun,
  journals: readonly RunJournal[],
): { named: Map<number, Set<RunJournal['spec']>>; missing?: number } {
  const named = new Map<number, Set<RunJournal['spec']>>();
  let mark = status?.journal?.newest;
  while (mark && !named.has(mark.firstSeq)) {
    const { firstSeq, digest } = mark;
    const found = journals
      .map(({ spec }) => spec)
      .filter(
        (page) => page.runRef.uid === metadata.uid && page.firstSeq === firstSeq && digestOfPage(page) === digest,
      );
    if (found.length === 0) return { named, missing: firstSeq };
    named.set(firstSeq, new Set(found));
    mark = found[0]?.previous;
  }
  return { named };
}

function foldProblems(
  pages: Parameters<typeof joinHistory>[0],
  tail: string,
  state: string,
  seq: number | undefined,
): string[] {
  try {
    const events = joinHistory(pages, tail);
    const folded = encodeState(replay(events));
    const counted = events.length === seq ? [] : [`status.seq is ${seq}, the history has ${events.length} events`];
    if (folded === state) return counted;
    return [...counted, `the fold of the history is not the state:\n  fold  ${folded}\n  state ${state}`];
  } catch (error) {
    return [`the history cannot be folded: ${error instanceof Error ? error.message : String(error)}`];
  }
}
