import { z } from 'zod';
import { objectName } from './scalars.ts';

export const MAX_PAGE_BYTES = 65_536;

/** Names a page of history by where it begins, and by all that it says. */
export const pageMark = z.object({
  firstSeq: z.int().min(1).describe('Sequence number of its first event.'),
  digest: z.string().max(64).describe('SHA-256 of the page, including the mark of the previous page.'),
});

export const runJournalSpec = z
  .object({
    runRef: z
      .object({ name: objectName.describe('Name of the run.'), uid: z.string().max(64).describe('Uid of the run.') })
      .describe('The run whose history this is.'),
    firstSeq: z.int().min(1).describe('Sequence number of the first event.'),
    lastSeq: z.int().min(1).describe('Sequence number of the last event.'),
    digest: z.string().max(64).describe('SHA-256 of the events.'),
    events: z.string().max(MAX_PAGE_BYTES).describe('The events as JSON tuples; opaque.'),
    previous: pageMark.optional().describe('The previous page; absent if no page names another yet.'),
    proof: z
      .string()
      .max(64)
      .optional()
      .describe('Code by which the operator recognises its own page. Pages of older versions have none.'),
  })
  .meta({
    'x-kubernetes-validations': [
      { rule: 'self == oldSelf', message: 'a page of history is immutable; leave it as it is' },
    ],
  });

export const runJournal = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({}),
    spec: runJournalSpec.describe('The page.'),
  })
  .describe('An immutable page of the history of a WorkflowRun. Internal: only the operator writes it.');

export type RunJournalSpec = z.infer<typeof runJournalSpec>;
