import { z } from 'zod';
import { requesters } from './lineage.ts';

/** What the operator says of a run that it made. Nobody changes it, and the proof says that nobody else wrote it. */
export const provenance = z.object({
  requesters: requesters.describe('Who asked: for the run itself, and for all that led to it.'),
  unknown: z.boolean().optional().describe('Whether somebody asked besides of whom nothing is known.'),
  depth: z.int().min(0).max(1000).describe('How many runs it hangs below: its parent, the parent of that, and so on.'),
  workflow: z.string().max(64).optional().describe('Uid of the Workflow whose trigger made it.'),
  key: z.string().max(64).optional().describe('Digest of what the trigger made it for; for each there is one run.'),
  proof: z.string().max(64).describe('The code by which operators know that they made the run, as it is.'),
});

export type Provenance = z.infer<typeof provenance>;
