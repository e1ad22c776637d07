import { z } from 'zod';
import { expression, objectName } from './scalars.ts';
import { triggerName, triggerValues } from './webhook.ts';

/** How a run can end, for those that act upon it. */
export const RUN_RESULTS = ['Succeeded', 'Failed', 'Cancelled'] as const;
export type RunResult = (typeof RUN_RESULTS)[number];

/** One way to start runs by the end of others. */
export const completion = z.object({
  name: triggerName,
  suspend: z
    .boolean()
    .optional()
    .describe('Whether nothing is started for now. What ends meanwhile is not made up for.'),
  workflow: objectName.describe('The Workflow, in the same namespace, the end of whose runs starts one of this.'),
  of: z
    .array(z.enum(RUN_RESULTS))
    .min(1)
    .max(3)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('Which ends count; default Succeeded.'),
  when: expression.optional().describe('CEL over source, the run that has ended: false starts nothing.'),
  with: triggerValues.optional().describe('Values for the parameters of the run, as text with CEL over source in it.'),
});

/** What is remembered of a completion trigger. */
export const completionStatus = z.object({
  name: z.string().max(40).describe('Name of the trigger.'),
  digest: z.string().max(64).describe('Digest of what it waits for; where that changes, it begins anew.'),
  since: z.string().max(40).describe('Runs that ended later than this count.'),
});

export type Completion = z.infer<typeof completion>;
export type CompletionStatus = z.infer<typeof completionStatus>;
