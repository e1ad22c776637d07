import { z } from 'zod';
import { duration } from './duration.ts';
import { exactlyOne } from './rule.ts';
import { taskName } from './scalars.ts';
import { triggerValues } from './webhook.ts';

/** How many schedules a Workflow has, and how many crons each. */
export const MAX_SCHEDULES = 16;
export const MAX_CRONS = 16;
/** Bound of all schedules of a Workflow as JSON, in characters: status keeps a copy of them. */
export const MAX_PINNED_SCHEDULES = 32_768;
/** How many missed slots are made up for at most, whatever is asked for. */
export const MAX_CATCH_UP = 1000;
/** What catchUp: All makes up for when maxCatchUp does not say. */
export const DEFAULT_CATCH_UP = 10;
/** How many slots wait for their turn under overlap: Queue. */
export const MAX_QUEUED = 100;
export const DEFAULT_QUEUED = 10;
/** How late a run still counts as started in time, ms. */
export const DEFAULT_STARTING_DEADLINE_MS = 60_000;
/** How many next slots status shows. */
export const NEXT_RUNS = 5;

export const OVERLAPS = ['Allow', 'Skip', 'Queue', 'CancelRunning'] as const;
export type Overlap = (typeof OVERLAPS)[number];
export const CATCH_UPS = ['None', 'Last', 'All'] as const;
export type CatchUp = (typeof CATCH_UPS)[number];

const cron = z.string().min(1).max(128);
const moment = (description: string) =>
  z
    .string()
    .max(40)
    .meta({ format: 'date-time' })
    .optional()
    .describe(`${description} A time such as 2027-01-01T00:00:00Z.`);

const daylightSaving = z.object({
  skipped: z
    .enum(['Shift', 'Skip'])
    .optional()
    .describe(
      'A time of day that the clock jumps over: run as much later as the clock jumps (Shift), or not at all (Skip). Default: Shift, but Skip where the hour of the cron is * or */n.',
    ),
  repeated: z
    .enum(['First', 'Both'])
    .optional()
    .describe(
      'A time of day that comes twice: run the first time only, or both times. Default: First, but Both where the hour of the cron is * or */n.',
    ),
});

export const schedule = z
  .object({
    name: taskName.describe('Name of the schedule, unique in the workflow. A new name is a new schedule.'),
    cron: cron
      .optional()
      .describe('When: minute, hour, day of month, month and day of week, with seconds before them if there are six.'),
    crons: z
      .array(cron)
      .min(1)
      .max(MAX_CRONS)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Several crons; a time that more than one of them names is one slot.'),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('Name of a time zone, such as Europe/Paris, in which the crons are read; default UTC.'),
    daylightSaving: daylightSaving.optional().describe('What happens where the clock of the time zone is changed.'),
    overlap: z
      .enum(OVERLAPS)
      .optional()
      .describe(
        'When a run of the schedule is still under way at a slot: start another one (Allow), let the slot pass (Skip, the default), start it when that has ended (Queue), or cancel that and start when it has ended (CancelRunning).',
      ),
    maxQueued: z
      .int()
      .min(1)
      .max(MAX_QUEUED)
      .optional()
      .describe('overlap: Queue: how many slots wait at most; further ones are skipped; default 10.'),
    jitter: duration('Each run starts up to so much later than its slot, always the same for one slot.').optional(),
    startAt: moment('No slot before this counts.'),
    endAt: moment('No slot after this counts.'),
    suspend: z
      .boolean()
      .optional()
      .describe('Nothing is started while this is true, and slots that pass meanwhile are not made up for.'),
    catchUp: z
      .enum(CATCH_UPS)
      .optional()
      .describe(
        'What becomes of slots that could not be started in time: nothing (None), one run for the last of them (Last, the default), or a run for each (All).',
      ),
    maxCatchUp: z
      .int()
      .min(1)
      .max(MAX_CATCH_UP)
      .optional()
      .describe('catchUp: All: how many of the last missed slots are made up for; default 10.'),
    startingDeadline: duration('How late a run may start and still be in time; default 1m.').optional(),
    with: triggerValues
      .optional()
      .describe('Values for the parameters of the run, as text with CEL over schedule.slot and schedule.name in it.'),
  })
  .meta({
    'x-kubernetes-validations': [exactlyOne(['cron', 'crons'], 'a schedule has cron or crons, and not both')],
  });

const time = (description: string) => z.string().max(40).describe(description);

export const scheduleStatus = z.object({
  name: z.string().max(40).describe('Name of the schedule.'),
  lastSlot: time('High-water mark: it is decided what became of every slot up to this time, and none starts again.'),
  lastRun: z
    .object({
      name: z.string().max(63).describe('Name of the run.'),
      slot: time('The slot that it is for.'),
    })
    .optional()
    .describe('The newest run that the schedule started.'),
  nextRuns: z
    .array(time('A slot.'))
    .max(NEXT_RUNS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('The next slots; with jitter, runs start later.'),
  queued: z
    .array(time('A slot.'))
    .max(MAX_QUEUED)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Slots that wait until the run before them has ended.'),
  started: z.int().min(0).optional().describe('How many runs it has started.'),
  missed: z.int().min(0).optional().describe('How many slots could not be started in time and were not made up for.'),
  skipped: z.int().min(0).optional().describe('How many slots were let pass because of overlap.'),
  reason: z.string().max(64).optional().describe('What happened last, in one word.'),
  message: z.string().max(512).optional().describe('What happened last, and why.'),
  suspended: z.boolean().optional().describe('It was suspended when it was last looked at.'),
  timing: z.string().max(16).describe('Digest of its crons and time zone; a change counts from when it is seen.'),
});

export type Schedule = z.infer<typeof schedule>;
export type ScheduleStatus = z.infer<typeof scheduleStatus>;
