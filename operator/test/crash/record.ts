/** Keeps the history of a run of a case, when asked to: what it executed is pinned in its ControllerRevision. */
import { definitionOf } from '../../src/engine/index.ts';
import type { Outcome } from '../support/case.ts';
import { recordHistory } from '../support/histories.ts';

/** @param name of the run; by default the first */
export function record(as: string, { objects: { workflows, runs, journals } }: Outcome, name?: string): void {
  const [workflow] = workflows;
  const run = name === undefined ? runs[0] : runs.find(({ metadata }) => metadata.name === name);
  const pages = journals.filter(({ spec }) => spec.runRef.uid === run?.metadata.uid);
  if (workflow) recordHistory(as, definitionOf(workflow.spec), run, pages);
}
