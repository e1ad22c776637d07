import { z } from 'zod';
import { conditions } from './conditions.ts';
import { frozen } from './rule.ts';
import { objectName, taskName } from './scalars.ts';
import { MAX_PINNED_SCHEDULES } from './schedule.ts';
import { stamp } from './stamp.ts';

/** How many slots one Backfill has at most. */
export const MAX_BACKFILL_SLOTS = 1000;
export const MAX_BACKFILL_PARALLELISM = 100;
export const BACKFILL_PHASES = ['Pending', 'Running', 'Paused', 'Succeeded', 'Failed', 'Cancelled'] as const;
export type BackfillPhase = (typeof BACKFILL_PHASES)[number];

const moment = (description: string) =>
  z.string().max(40).meta({ format: 'date-time' }).describe(`${description} A time such as 2027-01-01T00:00:00Z.`);

const REMEDY = ' once the Backfill exists; create another one';

export const backfillSpec = z
  .object({
    workflow: objectName.describe('Name of the Workflow in the same namespace.'),
    schedule: taskName.describe('Name of the schedule in it whose slots to run.'),
    from: moment('Slots from this time on count.'),
    to: moment('Slots before this time count; it must not be in the future.'),
    order: z.enum(['OldestFirst', 'NewestFirst']).optional().describe('Which slots run first; default OldestFirst.'),
    parallelism: z
      .int()
      .min(1)
      .max(MAX_BACKFILL_PARALLELISM)
      .optional()
      .describe('Maximum number of active runs; default 1. It may be changed.'),
    desiredState: z
      .enum(['Running', 'Paused', 'Cancelled'])
      .default('Running')
      .describe('Paused: no further run starts. Cancelled: active runs are cancelled, and the Backfill ends.'),
    desiredStateBy: stamp
      .optional()
      .describe('Who set the desired state, if not the requester of the Backfill. Set by the admission webhook.'),
    requester: stamp
      .optional()
      .describe(
        'Who requested the Backfill. Set by the admission webhook; without a webhook, it is what the creator wrote.',
      ),
  })
  .meta({
    'x-kubernetes-validations': [
      ...['workflow', 'schedule', 'from', 'to', 'order', 'requester'].map((field) => frozen(field, REMEDY)),
      {
        rule: "oldSelf.desiredState != 'Cancelled' || self.desiredState == 'Cancelled'",
        message: 'a cancelled Backfill cannot resume; create another one',
        fieldPath: '.desiredState',
      },
    ],
  });

const count = (what: string) => z.int().min(0).describe(`Slots ${what}.`);

export const backfillStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation that this status was computed from.'),
  phase: z.enum(BACKFILL_PHASES).optional().describe('Summary for columns; conditions are for logic.'),
  progress: z.string().max(32).optional().describe('Completed slots out of all slots, for columns.'),
  conditions: conditions.optional(),
  plan: z
    .string()
    .max(MAX_PINNED_SCHEDULES)
    .optional()
    .describe('The schedule as it was when the Backfill began; later edits do not change its slots. Opaque.'),
  cursor: z.string().max(40).optional().describe('The last slot, in its order, that has a run or needs none.'),
  active: z
    .array(z.string().max(40).describe('A slot.'))
    .max(MAX_BACKFILL_PARALLELISM)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Slots with an active run.'),
  counts: z
    .object({
      total: count('in the window'),
      existing: count('that had a run before'),
      succeeded: count('whose run succeeded'),
      failed: count('whose run failed, was cancelled or deleted'),
    })
    .optional()
    .describe('Number of slots by state.'),
  startedAt: z.string().max(40).optional().describe('When the first run was started.'),
  finishedAt: z.string().max(40).optional().describe('When it ended.'),
});

export const backfill = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({}),
    spec: backfillSpec.describe('Which slots to run. Only parallelism and desiredState can change.'),
    // One writer, who always writes all of it.
    status: backfillStatus
      .meta({ 'x-kubernetes-map-type': 'atomic' })
      .optional()
      .describe('What the operator observed.'),
  })
  .describe('Runs for the slots of a schedule in a past time window. A slot that already has a run gets no other.')
  .meta({
    'x-kubernetes-validations': [
      {
        rule: '!has(self.status) || !has(self.status.finishedAt) || self.spec.desiredState == oldSelf.spec.desiredState',
        message:
          'this Backfill has ended: spec.desiredState can no longer change; create another Backfill for other slots',
      },
    ],
  });

export type BackfillSpec = z.infer<typeof backfillSpec>;
export type BackfillStatus = z.infer<typeof backfillStatus>;
