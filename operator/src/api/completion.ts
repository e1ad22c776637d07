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
    .describe('Whether the trigger is suspended. Runs that end meanwhile are not caught up.'),
  workflow: objectName.describe('The Workflow in the same namespace whose ended runs start a run of this one.'),
  of: z
    .array(z.enum(RUN_RESULTS))
    .min(1)
    .max(3)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('Results that count; default Succeeded.'),
  when: expression.optional().describe('CEL over source, the run that has ended; if false, no run starts.'),
  with: triggerValues
    .optional()
    .describe('Values for the parameters of the run, as text that may contain CEL over source.'),
});

/** What is remembered of a completion trigger. */
export const completionStatus = z.object({
  name: z.string().max(40).describe('Name of the trigger.'),
  digest: z.string().max(64).describe('Digest of what it waits for; if that changes, it starts over.'),
  since: z.string().max(40).describe('Runs that ended after this time count.'),
});

export type Completion = z.infer<typeof completion>;
export type CompletionStatus = z.infer<typeof completionStatus>;
