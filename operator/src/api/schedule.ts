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
      'A local time that the clock skips: run later by as much as the clock skips (Shift), or not at all (Skip). Default: Shift, but Skip if the hour of the cron is * or */n.',
    ),
  repeated: z
    .enum(['First', 'Both'])
    .optional()
    .describe(
      'A local time that occurs twice: run only the first time (First), or both times (Both). Default: First, but Both if the hour of the cron is * or */n.',
    ),
});

export const schedule = z
  .object({
    name: taskName.describe('Name of the schedule, unique in the workflow. A new name is a new schedule.'),
    cron: cron
      .optional()
      .describe(
        'Cron expression: minute, hour, day of month, month, day of week; with six fields, the first is seconds.',
      ),
    crons: z
      .array(cron)
      .min(1)
      .max(MAX_CRONS)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Several cron expressions; a time that more than one of them matches is one slot.'),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('Time zone of the cron expressions, such as Europe/Paris; default UTC.'),
    daylightSaving: daylightSaving.optional().describe('How to handle clock changes of the time zone.'),
    overlap: z
      .enum(OVERLAPS)
      .optional()
      .describe(
        'What to do at a slot while a run of the schedule is active: start another one (Allow), skip the slot (Skip, the default), start when the active run has ended (Queue), or cancel that run and start when it has ended (CancelRunning).',
      ),
    maxQueued: z
      .int()
      .min(1)
      .max(MAX_QUEUED)
      .optional()
      .describe('With overlap: Queue, the maximum number of waiting slots; further slots are skipped; default 10.'),
    jitter: duration('Maximum delay of a run after its slot; the delay of a given slot is always the same.').optional(),
    startAt: moment('Slots before this time do not count.'),
    endAt: moment('Slots after this time do not count.'),
    suspend: z.boolean().optional().describe('While true, no runs start, and slots that pass are not caught up.'),
    catchUp: z
      .enum(CATCH_UPS)
      .optional()
      .describe(
        'What to do about slots that could not start in time: nothing (None), one run for the last of them (Last, the default), or a run for each (All).',
      ),
    maxCatchUp: z
      .int()
      .min(1)
      .max(MAX_CATCH_UP)
      .optional()
      .describe('With catchUp: All, how many of the latest missed slots are caught up; default 10.'),
    startingDeadline: duration('How late a run may start and still count as on time; default 1m.').optional(),
    with: triggerValues
      .optional()
      .describe(
        'Values for the parameters of the run, as text that may contain CEL over schedule.slot and schedule.name.',
      ),
  })
  .meta({
    'x-kubernetes-validations': [exactlyOne(['cron', 'crons'], 'a schedule needs exactly one of cron and crons')],
  });

const time = (description: string) => z.string().max(40).describe(description);

export const scheduleStatus = z.object({
  name: z.string().max(40).describe('Name of the schedule.'),
  lastSlot: time('High-water mark: every slot up to this time is decided, and none starts again.'),
  lastRun: z
    .object({
      name: z.string().max(63).describe('Name of the run.'),
      slot: time('Slot of the run.'),
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
    .describe('Slots that wait for the previous run to end.'),
  started: z.int().min(0).optional().describe('Number of runs started.'),
  missed: z.int().min(0).optional().describe('Number of slots that could not start in time and were not caught up.'),
  skipped: z.int().min(0).optional().describe('Number of slots skipped because of overlap.'),
  reason: z.string().max(64).optional().describe('What happened last, in one word.'),
  message: z.string().max(512).optional().describe('What happened last, and why.'),
  suspended: z.boolean().optional().describe('Whether it was suspended at the last check.'),
  timing: z
    .string()
    .max(16)
    .describe('Digest of its cron expressions and time zone; a change counts from when it is seen.'),
});

export type Schedule = z.infer<typeof schedule>;
export type ScheduleStatus = z.infer<typeof scheduleStatus>;
