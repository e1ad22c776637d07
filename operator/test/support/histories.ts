/**
 * Recorded histories: what runs of real operators left behind, kept for ever. An engine that folds one of them into
 * other bytes has changed what old runs mean.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Definition, RunJournal, WorkflowRun } from '../../src/api/index.ts';

export const FOLDER = join(import.meta.dirname, '../histories');

export interface RecordedHistory {
  readonly definition: Definition;
  readonly digest: string;
  /** Pages, oldest first. */
  readonly history: readonly { readonly firstSeq: number; readonly events: string }[];
  readonly tail: string;
  readonly state: string;
}

export function recordedHistories(): { name: string; recorded: RecordedHistory }[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ name: file, recorded: JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as RecordedHistory }));
}

/** Keeps the history of a run under a name, when asked to by ADO_RECORD_HISTORIES. */
export function recordHistory(
  name: string,
  definition: Definition,
  run: WorkflowRun | undefined,
  journals: readonly RunJournal[],
): void {
  const { definition: pinned, journal, state } = run?.status ?? {};
  if (!process.env.ADO_RECORD_HISTORIES || !pinned || !journal || state === undefined) return;
  const history = journals
    .map(({ spec: { firstSeq, events } }) => ({ firstSeq, events }))
    .sort((a, b) => a.firstSeq - b.firstSeq);
  const recorded: RecordedHistory = { definition, digest: pinned.digest, history, tail: journal.tail, state };
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
}
