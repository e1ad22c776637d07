import { z } from 'zod';
import { conditions } from './conditions.ts';
import { duration } from './duration.ts';
import { objectName } from './scalars.ts';

/** How many attempts may hold permits of one Semaphore at once, whatever its permits. */
export const MAX_HOLDERS = 1000;
/** Holders that are shown one by one; the others are in `more`. */
export const MAX_SHOWN_HOLDERS = 200;

const rate = z.object({
  count: z.int().min(1).max(100_000).describe('Maximum number of permits taken per period, and at once.'),
  per: duration('Length of the period.'),
});

export const semaphoreSpec = z.object({
  permits: z.int().min(1).max(10_000).describe('Maximum number of permits held at once; 1 is a mutex.'),
  rate: rate.optional().describe('Limits how often permits are taken, in addition to how many are held.'),
});

const holder = z.object({
  run: objectName.describe('Name of the run.'),
  uid: z.string().max(64).describe('Uid of the run.'),
  path: z.string().max(512).describe('The task that holds them.'),
  attempt: z.int().min(0).describe('Which attempt of the task.'),
  permits: z.int().min(1).max(1000).describe('How many permits.'),
  since: z.string().max(40).describe('When they were taken.'),
  share: z.string().max(256).optional().describe('The share that they count towards.'),
});

export const semaphoreStatus = z.object({
  observedGeneration: z.int().min(0).optional().describe('The generation that this status was computed from.'),
  conditions: conditions.optional(),
  held: z.int().min(0).optional().describe('Permits that are held.'),
  waiting: z.int().min(0).optional().describe('Attempts that wait for permits.'),
  taken: z.int().min(0).optional().describe('With a rate: permits taken that are not yet available again.'),
  windowStart: z.string().max(40).optional().describe('With a rate: the time at which `taken` was counted.'),
  holders: z
    .array(holder)
    .max(MAX_SHOWN_HOLDERS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Who holds permits, the oldest first, at most 200.'),
  more: z.string().max(600_000).optional().describe('The holders beyond those 200; opaque.'),
  seq: z.int().min(0).optional().describe('Number of writes so far. Every write is conditional on it.'),
});

export const semaphore = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({}),
    spec: semaphoreSpec.describe('Capacity of the semaphore.'),
    // One writer, who always writes all of it.
    status: semaphoreStatus
      .meta({ 'x-kubernetes-map-type': 'atomic' })
      .optional()
      .describe('Who holds permits. This is the lock itself; only the operator writes it.'),
  })
  .describe('Permits that tasks of the namespace hold while they run, and a rate at which they may be taken.');

export type SemaphoreSpec = z.infer<typeof semaphoreSpec>;
export type SemaphoreStatus = z.infer<typeof semaphoreStatus>;
/** An attempt that holds permits. A later attempt of the same task is another holder. */
export type Holder = z.infer<typeof holder>;
