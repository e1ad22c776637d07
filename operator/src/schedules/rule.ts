import {
  type CatchUp,
  DEFAULT_CATCH_UP,
  DEFAULT_QUEUED,
  DEFAULT_STARTING_DEADLINE_MS,
  epochOf,
  type Overlap,
  parseDuration,
  type Schedule,
} from '../api/index.ts';

/** A cron, and how it treats local times that the clock skips or repeats. */
export interface CronRule {
  readonly cron: string;
  readonly skipped: 'Shift' | 'Skip';
  readonly repeated: 'First' | 'Both';
}

/** A schedule with its defaults, and its times and durations as milliseconds. */
export interface Rule {
  readonly crons: readonly CronRule[];
  readonly timeZone: string;
  readonly startAt: number | undefined;
  readonly endAt: number | undefined;
  readonly suspend: boolean;
  readonly jitterMs: number;
  readonly overlap: Overlap;
  readonly maxQueued: number;
  readonly catchUp: CatchUp;
  readonly maxCatchUp: number;
  readonly deadlineMs: number;
}

/** The rule of a validated schedule. @throws RangeError when a duration is invalid */
export function ruleOf(schedule: Schedule): Rule {
  const { cron, crons = [], daylightSaving = {}, jitter, startingDeadline } = schedule;
  return {
    crons: [...(cron === undefined ? [] : [cron]), ...crons].map((each) => cronRule(each, daylightSaving)),
    timeZone: schedule.timeZone ?? 'UTC',
    startAt: epochOf(schedule.startAt),
    endAt: epochOf(schedule.endAt),
    suspend: schedule.suspend ?? false,
    jitterMs: jitter === undefined ? 0 : parseDuration(jitter),
    overlap: schedule.overlap ?? 'Skip',
    maxQueued: schedule.maxQueued ?? DEFAULT_QUEUED,
    catchUp: schedule.catchUp ?? 'Last',
    maxCatchUp: schedule.maxCatchUp ?? DEFAULT_CATCH_UP,
    deadlineMs: startingDeadline === undefined ? DEFAULT_STARTING_DEADLINE_MS : parseDuration(startingDeadline),
  };
}

/**
 * A cron with a period of hours or minutes follows elapsed time; a cron for an hour of the day follows the local clock,
 * once a day.
 */
function cronRule(cron: string, { skipped, repeated }: NonNullable<Schedule['daylightSaving']>): CronRule {
  const isPeriodic = cron.trim().split(/\s+/).at(-4)?.startsWith('*') ?? false;
  return {
    cron,
    skipped: skipped ?? (isPeriodic ? 'Skip' : 'Shift'),
    repeated: repeated ?? (isPeriodic ? 'Both' : 'First'),
  };
}
