/** Keeps the history of the first run of a case, when asked to: what it executed is pinned in its ControllerRevision. */
import { definitionOf } from '../../src/engine/index.ts';
import type { Outcome } from '../support/case.ts';
import { recordHistory } from '../support/histories.ts';

export function record(name: string, { objects: { workflows, runs, journals } }: Outcome): void {
  const [workflow] = workflows;
  if (workflow) recordHistory(name, definitionOf(workflow.spec), runs[0], journals);
}
