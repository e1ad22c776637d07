import { z } from 'zod';
import { requesters } from './lineage.ts';

/** What the operator says of a run that it made. Nobody changes it, and the proof says that nobody else wrote it. */
export const provenance = z.object({
  requesters: requesters.describe('Requesters of the run and of everything that led to it.'),
  unknown: z.boolean().optional().describe('Whether there are also unknown requesters.'),
  depth: z.int().min(0).max(1000).describe('Number of ancestor runs: its parent, the parent of that, and so on.'),
  workflow: z.string().max(64).optional().describe('Uid of the Workflow whose trigger created it.'),
  key: z.string().max(64).optional().describe('Digest of what the trigger created it for; there is one run for each.'),
  proof: z.string().max(64).describe('Code that proves that the operator created the run as it is.'),
});

export type Provenance = z.infer<typeof provenance>;
